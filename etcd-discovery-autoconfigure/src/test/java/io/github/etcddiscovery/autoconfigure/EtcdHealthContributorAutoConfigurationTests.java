package io.github.etcddiscovery.autoconfigure;

import java.time.Duration;

import io.github.etcddiscovery.health.EtcdHealthIndicator;
import org.awaitility.Awaitility;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

import org.springframework.boot.autoconfigure.AutoConfigurations;
import org.springframework.boot.health.contributor.Health;
import org.springframework.boot.health.contributor.HealthIndicator;
import org.springframework.boot.health.contributor.Status;
import org.springframework.boot.test.context.runner.ApplicationContextRunner;

import static org.assertj.core.api.Assertions.assertThat;

/**
 * Tests for {@link EtcdHealthContributorAutoConfiguration}.
 */
class EtcdHealthContributorAutoConfigurationTests {

	private final ApplicationContextRunner contextRunner = new ApplicationContextRunner()
		.withConfiguration(
				AutoConfigurations.of(EtcdClientAutoConfiguration.class, EtcdDiscoveryAutoConfiguration.class,
						EtcdServiceRegistryAutoConfiguration.class, EtcdHealthContributorAutoConfiguration.class))
		.withPropertyValues("spring.cloud.etcd.endpoints=http://127.0.0.1:1");

	@Test
	void isDownWhenEtcdWasNeverReached() {
		this.contextRunner.run((context) -> {
			EtcdHealthIndicator indicator = context.getBean(EtcdHealthIndicator.class);
			Health health = Awaitility.await()
				.atMost(Duration.ofSeconds(30))
				.until(indicator::health, (now) -> now.getStatus() != Status.UNKNOWN);
			assertThat(health.getStatus()).isEqualTo(Status.DOWN);
			assertThat(health.getDetails()).containsEntry("reachable", false)
				.containsEntry("revision", 0L)
				.hasEntrySatisfying("reason", (reason) -> assertThat(reason).asString().contains("can't be reached"));
		});
	}

	@Test
	void knowsNothingWhileNothingIsAskedOfEtcd() {
		this.contextRunner.withPropertyValues("spring.cloud.etcd.discovery.watch-scope=service")
			.run((context) -> assertThat(context.getBean(EtcdHealthIndicator.class).health().getStatus())
				.isEqualTo(Status.UNKNOWN));
	}

	@Test
	void staysWithoutARegistry() {
		this.contextRunner.withPropertyValues("spring.cloud.service-registry.enabled=false")
			.run((context) -> assertThat(context.getBean(EtcdHealthIndicator.class).health().getDetails())
				.doesNotContainKey("lease"));
	}

	@ParameterizedTest
	@ValueSource(strings = { "management.health.etcd.enabled", "management.health.defaults.enabled",
			"spring.cloud.etcd.enabled", "spring.cloud.etcd.discovery.enabled", "spring.cloud.discovery.enabled" })
	void doesNothingWhenSwitchedOff(String property) {
		this.contextRunner.withPropertyValues(property + "=false")
			.run((context) -> assertThat(context).hasNotFailed().doesNotHaveBean(EtcdHealthIndicator.class));
	}

	@Test
	void keepsIndicatorOfTheApplication() {
		HealthIndicator mine = () -> Health.up().build();
		this.contextRunner.withBean("etcdHealthIndicator", HealthIndicator.class, () -> mine)
			.run((context) -> assertThat(context.getBean(HealthIndicator.class)).isSameAs(mine));
	}

}
