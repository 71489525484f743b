package io.github.etcddiscovery.config;

import io.github.etcddiscovery.config.actuate.EtcdConfigEndpoint;
import io.github.etcddiscovery.config.actuate.EtcdConfigHealthIndicator;
import io.github.etcddiscovery.config.autoconfigure.EtcdConfigActuatorAutoConfiguration;
import io.github.etcddiscovery.config.autoconfigure.EtcdConfigAutoConfiguration;
import io.github.etcddiscovery.config.autoconfigure.EtcdConfigMetricsAutoConfiguration;
import io.github.etcddiscovery.config.metrics.EtcdConfigMetrics;
import io.micrometer.core.instrument.MeterRegistry;
import io.micrometer.core.instrument.simple.SimpleMeterRegistry;
import org.junit.jupiter.api.Test;

import org.springframework.beans.factory.annotation.Autowired;
import org.springframework.boot.actuate.autoconfigure.endpoint.condition.ConditionalOnAvailableEndpoint;
import org.springframework.boot.autoconfigure.AutoConfigurations;
import org.springframework.boot.context.properties.ConfigurationProperties;
import org.springframework.boot.health.contributor.HealthIndicator;
import org.springframework.boot.test.context.ConfigDataApplicationContextInitializer;
import org.springframework.boot.test.context.FilteredClassLoader;
import org.springframework.boot.test.context.runner.ApplicationContextRunner;

import static org.assertj.core.api.Assertions.assertThat;

/**
 * Which beans there are. None of them asks etcd anything before it is started, and
 * nothing listens at the endpoint here.
 */
class EtcdConfigAutoConfigurationTests {

	private final ApplicationContextRunner plain = new ApplicationContextRunner()
		.withConfiguration(AutoConfigurations.of(EtcdConfigAutoConfiguration.class,
				EtcdConfigActuatorAutoConfiguration.class, EtcdConfigMetricsAutoConfiguration.class))
		.withBean(MeterRegistry.class, SimpleMeterRegistry::new)
		.withPropertyValues("management.endpoints.web.exposure.include=*");

	private final ApplicationContextRunner importing = this.plain
		.withPropertyValues("spring.config.import=optional:etcd:", "spring.config.name=none",
				"spring.cloud.etcd.endpoints=http://127.0.0.1:1", "spring.cloud.etcd.config.refresh.enabled=false")
		.withInitializer(new ConfigDataApplicationContextInitializer());

	@Test
	void withoutAnImportNothingIsFollowedAndLiveIsWhatTheEnvironmentSays() {
		this.plain.withBean(Consumer.class).withPropertyValues("shop.limit=5").run((context) -> {
			assertThat(context).doesNotHaveBean(EtcdConfigRefresher.class)
				.doesNotHaveBean(EtcdConfigEndpoint.class)
				.doesNotHaveBean(EtcdConfigHealthIndicator.class)
				.doesNotHaveBean(EtcdConfigMetrics.class);
			Consumer consumer = context.getBean(Consumer.class);
			assertThat(consumer.one.get()).isEqualTo(new ShopProperties(5));
			assertThat(consumer.one).isSameAs(consumer.other);
		});
	}

	@Test
	void anImportIsFollowedAndShown() {
		this.importing.run((context) -> assertThat(context).hasSingleBean(EtcdConfigRefresher.class)
			.hasSingleBean(EtcdConfigEndpoint.class)
			.hasSingleBean(EtcdConfigHealthIndicator.class)
			.hasSingleBean(EtcdConfigMetrics.class));
	}

	@Test
	void itIsSwitchedOffWithTheRest() {
		this.importing.withPropertyValues("spring.cloud.etcd.enabled=false")
			.run((context) -> assertThat(context).doesNotHaveBean(EtcdConfigRefresher.class)
				.doesNotHaveBean(EtcdConfig.class));
	}

	@Test
	void healthIsSwitchedOffAlone() {
		this.importing.withPropertyValues("management.health.etcdconfig.enabled=false")
			.run((context) -> assertThat(context).doesNotHaveBean(EtcdConfigHealthIndicator.class)
				.hasSingleBean(EtcdConfigEndpoint.class));
	}

	@Test
	void theActuatorHealthAndMetersNeedNotBeThere() {
		this.importing.withClassLoader(new FilteredClassLoader(ConditionalOnAvailableEndpoint.class))
			.run((context) -> assertThat(context).doesNotHaveBean(EtcdConfigEndpoint.class)
				.hasSingleBean(EtcdConfigRefresher.class));
		this.importing.withClassLoader(new FilteredClassLoader(HealthIndicator.class))
			.run((context) -> assertThat(context).doesNotHaveBean(EtcdConfigHealthIndicator.class)
				.hasSingleBean(EtcdConfigRefresher.class));
		this.importing.withClassLoader(new FilteredClassLoader(MeterRegistry.class))
			.run((context) -> assertThat(context).doesNotHaveBean(EtcdConfigMetrics.class)
				.hasSingleBean(EtcdConfigRefresher.class));
	}

	static class Consumer {

		@Autowired
		Live<ShopProperties> one;

		@Autowired
		Live<ShopProperties> other;

	}

	@ConfigurationProperties("shop")
	record ShopProperties(int limit) {
	}

}
