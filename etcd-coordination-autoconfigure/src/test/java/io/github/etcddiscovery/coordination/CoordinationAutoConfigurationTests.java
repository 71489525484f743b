package io.github.etcddiscovery.coordination;

import java.time.Duration;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.locks.ReentrantLock;

import io.github.etcddiscovery.autoconfigure.EtcdClientAutoConfiguration;
import io.github.etcddiscovery.coordination.actuate.CoordinationHealthIndicator;
import io.github.etcddiscovery.coordination.autoconfigure.EtcdCoordinationAutoConfiguration;
import io.github.etcddiscovery.coordination.autoconfigure.EtcdCoordinationHealthAutoConfiguration;
import io.github.etcddiscovery.coordination.autoconfigure.EtcdCoordinationIntegrationAutoConfiguration;
import io.github.etcddiscovery.coordination.autoconfigure.EtcdCoordinationMetricsAutoConfiguration;
import io.github.etcddiscovery.coordination.autoconfigure.EtcdLeadershipEndpointAutoConfiguration;
import io.github.etcddiscovery.coordination.autoconfigure.EtcdShedLockAutoConfiguration;
import io.github.etcddiscovery.coordination.integration.EtcdLeaderInitiator;
import io.github.etcddiscovery.coordination.integration.EtcdLockRegistry;
import io.github.etcddiscovery.coordination.leader.Elections;
import io.github.etcddiscovery.coordination.leader.LeaderOnly;
import io.github.etcddiscovery.coordination.leader.LeaderProperties;
import io.github.etcddiscovery.coordination.leader.OnRevoked;
import io.github.etcddiscovery.coordination.lock.Locks;
import io.github.etcddiscovery.coordination.shedlock.EtcdShedLockProvider;
import net.javacrumbs.shedlock.core.LockProvider;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;

import org.springframework.boot.WebApplicationType;
import org.springframework.boot.autoconfigure.AutoConfigurations;
import org.springframework.boot.builder.SpringApplicationBuilder;
import org.springframework.boot.context.properties.source.InvalidConfigurationPropertyValueException;
import org.springframework.boot.health.contributor.Health;
import org.springframework.boot.health.contributor.Status;
import org.springframework.boot.test.context.FilteredClassLoader;
import org.springframework.boot.test.context.runner.ApplicationContextRunner;
import org.springframework.boot.test.system.CapturedOutput;
import org.springframework.boot.test.system.OutputCaptureExtension;
import org.springframework.integration.support.locks.LockRegistry;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatException;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;

/**
 * Tests for the auto-configurations, with nobody at the other end.
 */
@ExtendWith(OutputCaptureExtension.class)
class CoordinationAutoConfigurationTests {

	private final ApplicationContextRunner contextRunner = new ApplicationContextRunner()
		.withConfiguration(AutoConfigurations.of(EtcdClientAutoConfiguration.class,
				EtcdCoordinationAutoConfiguration.class, EtcdCoordinationIntegrationAutoConfiguration.class,
				EtcdCoordinationMetricsAutoConfiguration.class, EtcdLeadershipEndpointAutoConfiguration.class,
				EtcdCoordinationHealthAutoConfiguration.class, EtcdShedLockAutoConfiguration.class))
		.withPropertyValues("spring.cloud.etcd.endpoints=http://127.0.0.1:1");

	@Test
	void offersElectionsAndLocksWithoutDiscovery() {
		this.contextRunner.withClassLoader(new FilteredClassLoader("org.springframework.cloud"))
			.run((context) -> assertThat(context).hasSingleBean(Elections.class)
				.hasSingleBean(Locks.class)
				.hasSingleBean(EtcdLockRegistry.class)
				.hasSingleBean(EtcdLeaderInitiator.class)
				.hasSingleBean(EtcdShedLockProvider.class)
				.doesNotHaveBean("etcdLeadershipEndpoint"));
	}

	@Test
	void needsNeitherSpringIntegrationNorShedLockNorMeters() {
		this.contextRunner
			.withClassLoader(new FilteredClassLoader("org.springframework.integration", "net.javacrumbs",
					"io.micrometer", "org.springframework.boot.actuate", "org.springframework.boot.health"))
			.run((context) -> assertThat(context).hasSingleBean(Elections.class)
				.doesNotHaveBean("etcdCoordinationHealthIndicator")
				.hasSingleBean(Locks.class)
				.doesNotHaveBean("etcdLockRegistry")
				.doesNotHaveBean("etcdShedLockProvider"));
	}

	@Test
	void givesWayToRegistriesAndProvidersOfTheApplication() {
		LockRegistry<?> registry = (key) -> new ReentrantLock();
		LockProvider provider = (configuration) -> Optional.empty();
		this.contextRunner.withBean("mine", LockRegistry.class, () -> registry)
			.withBean("too", LockProvider.class, () -> provider)
			.run((context) -> assertThat(context).doesNotHaveBean(EtcdLockRegistry.class)
				.doesNotHaveBean(EtcdShedLockProvider.class));
	}

	@Test
	void isNotThereWhenItIsSwitchedOff() {
		this.contextRunner.withPropertyValues("spring.cloud.etcd.coordination.enabled=false")
			.run((context) -> assertThat(context).doesNotHaveBean(Elections.class).doesNotHaveBean(Locks.class));
		this.contextRunner.withPropertyValues("spring.cloud.etcd.enabled=false")
			.run((context) -> assertThat(context).doesNotHaveBean(Elections.class));
	}

	@Test
	void readsWhatIsDifferentForARole() {
		this.contextRunner
			.withPropertyValues("spring.cloud.etcd.leader.roles.billing.enabled=false",
					"spring.cloud.etcd.leader.roles.mail.wait-for-ready=false",
					"spring.cloud.etcd.leader.roles.mail.on-revoke=interrupt")
			.run((context) -> {
				LeaderProperties properties = context.getBean(LeaderProperties.class);
				assertThat(properties.isEnabled("billing")).isFalse();
				assertThat(properties.isEnabled("other")).isTrue();
				assertThat(properties.waitsForReady("mail")).isFalse();
				assertThat(properties.waitsForReady("other")).isTrue();
				assertThat(properties.interrupts("mail", OnRevoked.AS_CONFIGURED)).isTrue();
				assertThat(properties.interrupts("mail", OnRevoked.FINISH)).isFalse();
				assertThat(properties.interrupts("other", OnRevoked.AS_CONFIGURED)).isFalse();
				assertThat(context.getBean(Elections.class).leaderships()).hasSize(2);
			});
	}

	@Test
	void refusesWhatCanNotBeTrue() {
		this.contextRunner.withPropertyValues("spring.cloud.etcd.coordination.ttl=1500ms")
			.run((context) -> assertThat(context).getFailure()
				.rootCause()
				.isInstanceOf(InvalidConfigurationPropertyValueException.class)
				.hasMessageContaining("spring.cloud.etcd.coordination.ttl"));
		this.contextRunner.withPropertyValues("spring.cloud.etcd.coordination.margin=8s")
			.run((context) -> assertThat(context).getFailure()
				.rootCause()
				.isInstanceOf(InvalidConfigurationPropertyValueException.class)
				.hasMessageContaining("spring.cloud.etcd.coordination.margin"));
	}

	@Test
	void namesThePropertyThatIsWrongAndWhatItMustBe() {
		refuses("spring.cloud.etcd.leader.step-down-timeout=-1s", "spring.cloud.etcd.leader.step-down-timeout");
		refuses("spring.cloud.etcd.leader.on-revoke=as-configured", "spring.cloud.etcd.leader.on-revoke");
		refuses("spring.cloud.etcd.leader.roles.mail.on-revoke=as-configured",
				"spring.cloud.etcd.leader.roles[mail].on-revoke");
	}

	private void refuses(String pair, String property) {
		this.contextRunner.withPropertyValues(pair)
			.run((context) -> assertThat(context).getFailure()
				.rootCause()
				.isInstanceOf(InvalidConfigurationPropertyValueException.class)
				.hasMessageContaining("Property %s with".formatted(property)));
	}

	@Test
	void saysInTheWordsOfAFailureAnalysisWhatIsWrong(CapturedOutput output) {
		SpringApplicationBuilder application = new SpringApplicationBuilder(Object.class)
			.sources(EtcdClientAutoConfiguration.class, EtcdCoordinationAutoConfiguration.class)
			.web(WebApplicationType.NONE)
			.properties("spring.cloud.etcd.coordination.ttl=1500ms");
		assertThatException().isThrownBy(application::run);
		assertThat(output).contains("The property 'spring.cloud.etcd.coordination.ttl' cannot be '1500ms'")
			.contains("Must be whole seconds, at least 2.");
	}

	@Test
	void refusesToGuardWhatItCanNotGuard() {
		this.contextRunner.withBean(FinalJob.class)
			.run((context) -> assertThat(context).getFailure()
				.rootCause()
				.hasMessageContaining("can't guard a method that is private, static or final")
				.hasMessageContaining("FinalJob.run()"));
		this.contextRunner.withBean(JobWithoutRole.class)
			.run((context) -> assertThat(context).getFailure()
				.rootCause()
				.hasMessageContaining("@LeaderOnly needs a role")
				.hasMessageContaining("JobWithoutRole.run()"));
	}

	@Test
	void hasHealthThatCanBeSwitchedOff() {
		this.contextRunner.run((context) -> {
			Health health = context.getBean(CoordinationHealthIndicator.class).health();
			assertThat(health.getStatus()).isEqualTo(Status.UP);
			assertThat(health.getDetails()).containsEntry("lease", "IDLE").containsEntry("roles", Map.of());
		});
		this.contextRunner.withPropertyValues("management.health.etcd-coordination.enabled=false")
			.run((context) -> assertThat(context).doesNotHaveBean(CoordinationHealthIndicator.class));
	}

	@Test
	void hasAMarginThatFitsTheLease() {
		CoordinationProperties properties = new CoordinationProperties(true, "coordination/", null, true, null, null);
		assertThat(properties.prefix()).isEqualTo("coordination");
		assertThat(properties.marginOf(Duration.ofSeconds(15))).isEqualTo(Duration.ofMillis(1500));
		assertThat(properties.marginOf(Duration.ofSeconds(6))).isEqualTo(Duration.ofSeconds(1));
		assertThat(properties.marginOf(Duration.ofSeconds(2))).isEqualTo(Duration.ofSeconds(1));
		assertThatExceptionOfType(InvalidConfigurationPropertyValueException.class)
			.isThrownBy(() -> new CoordinationProperties(true, "/", null, true, null, null));
	}

	static class FinalJob {

		@LeaderOnly("billing")
		final void run() {
		}

	}

	static class JobWithoutRole {

		@LeaderOnly(" ")
		void run() {
		}

	}

}
