package io.github.etcddiscovery.autoconfigure;

import io.github.etcddiscovery.metrics.CatalogMetrics;
import io.github.etcddiscovery.metrics.LeaseRenewalMetrics;
import io.github.etcddiscovery.metrics.ObservationMonitor;
import io.github.etcddiscovery.metrics.RegistrationMetrics;
import io.micrometer.core.instrument.MeterRegistry;
import io.micrometer.core.instrument.simple.SimpleMeterRegistry;
import io.micrometer.observation.ObservationRegistry;
import org.junit.jupiter.api.Test;

import org.springframework.boot.autoconfigure.AutoConfigurations;
import org.springframework.boot.test.context.FilteredClassLoader;
import org.springframework.boot.test.context.runner.ApplicationContextRunner;

import static org.assertj.core.api.Assertions.assertThat;

/**
 * Tests for {@link EtcdMetricsAutoConfiguration} and
 * {@link EtcdObservationAutoConfiguration}.
 */
class EtcdMetricsAutoConfigurationTests {

	private final ApplicationContextRunner contextRunner = new ApplicationContextRunner()
		.withConfiguration(AutoConfigurations.of(EtcdClientAutoConfiguration.class,
				EtcdDiscoveryAutoConfiguration.class, EtcdServiceRegistryAutoConfiguration.class,
				EtcdMetricsAutoConfiguration.class, EtcdObservationAutoConfiguration.class))
		.withPropertyValues("spring.cloud.etcd.endpoints=http://127.0.0.1:1");

	@Test
	void measuresWhereThereAreRegistries() {
		withRegistries().run((context) -> assertThat(context).hasSingleBean(CatalogMetrics.class)
			.hasSingleBean(RegistrationMetrics.class)
			.hasSingleBean(LeaseRenewalMetrics.class)
			.hasSingleBean(ObservationMonitor.class));
	}

	@Test
	void measuresNoRegistrationsWithoutARegistry() {
		withRegistries().withPropertyValues("spring.cloud.service-registry.enabled=false")
			.run((context) -> assertThat(context).hasSingleBean(CatalogMetrics.class)
				.doesNotHaveBean(RegistrationMetrics.class)
				.doesNotHaveBean(LeaseRenewalMetrics.class));
	}

	@Test
	void doesNothingWithoutRegistries() {
		this.contextRunner.run((context) -> assertThat(context).hasNotFailed()
			.doesNotHaveBean(CatalogMetrics.class)
			.doesNotHaveBean(LeaseRenewalMetrics.class)
			.doesNotHaveBean(ObservationMonitor.class));
	}

	@Test
	void doesNothingWhenSwitchedOff() {
		withRegistries().withPropertyValues("spring.cloud.etcd.enabled=false")
			.run((context) -> assertThat(context).hasNotFailed()
				.doesNotHaveBean(CatalogMetrics.class)
				.doesNotHaveBean(ObservationMonitor.class));
	}

	@Test
	void doesNothingWithoutMicrometer() {
		this.contextRunner.withClassLoader(new FilteredClassLoader("io.micrometer"))
			.run((context) -> assertThat(context).hasNotFailed()
				.doesNotHaveBean("etcdCatalogMetrics")
				.doesNotHaveBean("etcdObservationMonitor"));
	}

	private ApplicationContextRunner withRegistries() {
		return this.contextRunner.withBean(MeterRegistry.class, SimpleMeterRegistry::new)
			.withBean(ObservationRegistry.class, ObservationRegistry::create);
	}

}
