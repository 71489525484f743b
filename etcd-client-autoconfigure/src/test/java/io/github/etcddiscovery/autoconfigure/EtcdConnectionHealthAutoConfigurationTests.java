package io.github.etcddiscovery.autoconfigure;

import java.time.Duration;

import io.github.etcddiscovery.client.EtcdConnection;
import io.github.etcddiscovery.client.JetcdListerWatcher;
import io.github.etcddiscovery.health.ConnectionHealthIndicator;
import io.github.etcddiscovery.watch.KeyRange;
import org.junit.jupiter.api.Test;

import org.springframework.boot.autoconfigure.AutoConfigurations;
import org.springframework.boot.health.contributor.Health;
import org.springframework.boot.health.contributor.HealthIndicator;
import org.springframework.boot.health.contributor.Status;
import org.springframework.boot.test.context.FilteredClassLoader;
import org.springframework.boot.test.context.runner.ApplicationContextRunner;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

/**
 * Tests for {@link EtcdConnectionHealthAutoConfiguration}.
 */
class EtcdConnectionHealthAutoConfigurationTests {

	private final ApplicationContextRunner contextRunner = new ApplicationContextRunner()
		.withConfiguration(
				AutoConfigurations.of(EtcdClientAutoConfiguration.class, EtcdConnectionHealthAutoConfiguration.class))
		.withPropertyValues("spring.cloud.etcd.endpoints=http://127.0.0.1:1",
				"spring.cloud.etcd.request-timeout=500ms");

	@Test
	void isUnknownUntilSomethingWasAskedAndDownWhenNobodyAnswers() {
		this.contextRunner.run((context) -> {
			ConnectionHealthIndicator indicator = context.getBean(ConnectionHealthIndicator.class);
			assertThat(indicator.health()).isEqualTo(Health.unknown().build());
			JetcdListerWatcher range = new JetcdListerWatcher(context.getBean(EtcdConnection.class),
					KeyRange.prefix("services/"));
			assertThat(range.list()).failsWithin(Duration.ofSeconds(20));
			await().untilAsserted(() -> assertThat(indicator.health().getStatus()).isEqualTo(Status.DOWN));
			assertThat(indicator.health().getDetails().get("reason")).asString().contains("127.0.0.1:1");
		});
	}

	@Test
	void canBeSwitchedOff() {
		this.contextRunner.withPropertyValues("management.health.etcd.enabled=false")
			.run((context) -> assertThat(context).doesNotHaveBean(HealthIndicator.class));
	}

	@Test
	void givesWayToAnotherOfItsName() {
		this.contextRunner.withBean("etcdHealthContributor", HealthIndicator.class, () -> () -> Health.up().build())
			.run((context) -> assertThat(context).doesNotHaveBean(ConnectionHealthIndicator.class));
	}

	@Test
	void isNotThereWithoutHealth() {
		this.contextRunner.withClassLoader(new FilteredClassLoader(HealthIndicator.class))
			.run((context) -> assertThat(context).hasNotFailed().doesNotHaveBean("etcdHealthIndicator"));
	}

}
