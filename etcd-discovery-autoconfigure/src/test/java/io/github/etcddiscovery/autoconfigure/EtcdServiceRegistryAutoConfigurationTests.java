package io.github.etcddiscovery.autoconfigure;

import io.github.etcddiscovery.registry.EtcdServiceRegistry;
import io.github.etcddiscovery.registry.LeasedRegistrations;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

import org.springframework.boot.autoconfigure.AutoConfigurations;
import org.springframework.boot.test.context.FilteredClassLoader;
import org.springframework.boot.test.context.runner.ApplicationContextRunner;
import org.springframework.cloud.client.serviceregistry.ServiceRegistry;
import org.springframework.cloud.client.serviceregistry.ServiceRegistryAutoConfiguration;
import org.springframework.cloud.client.serviceregistry.endpoint.ServiceRegistryEndpoint;

import static org.assertj.core.api.Assertions.assertThat;
import static org.mockito.Mockito.mock;

/**
 * Tests for {@link EtcdServiceRegistryAutoConfiguration}.
 */
class EtcdServiceRegistryAutoConfigurationTests {

	private final ApplicationContextRunner contextRunner = new ApplicationContextRunner()
		.withConfiguration(
				AutoConfigurations.of(EtcdClientAutoConfiguration.class, EtcdDiscoveryAutoConfiguration.class,
						EtcdServiceRegistryAutoConfiguration.class, ServiceRegistryAutoConfiguration.class))
		.withPropertyValues("spring.cloud.etcd.endpoints=http://127.0.0.1:1",
				"management.endpoints.web.exposure.include=*");

	@Test
	void providesARegistryAndItsEndpoint() {
		this.contextRunner.run((context) -> assertThat(context).hasSingleBean(EtcdServiceRegistry.class)
			.hasSingleBean(ServiceRegistry.class)
			.hasSingleBean(LeasedRegistrations.class)
			.hasSingleBean(ServiceRegistryEndpoint.class));
	}

	@ParameterizedTest
	@ValueSource(strings = { "spring.cloud.etcd.enabled", "spring.cloud.etcd.discovery.enabled",
			"spring.cloud.discovery.enabled", "spring.cloud.service-registry.enabled" })
	void doesNothingWhenSwitchedOff(String property) {
		this.contextRunner.withPropertyValues(property + "=false")
			.run((context) -> assertThat(context).hasNotFailed()
				.doesNotHaveBean(ServiceRegistry.class)
				.doesNotHaveBean(ServiceRegistryEndpoint.class));
	}

	@Test
	void staysWithoutActuator() {
		this.contextRunner.withClassLoader(new FilteredClassLoader("org.springframework.boot.actuate"))
			.run((context) -> assertThat(context).hasSingleBean(EtcdServiceRegistry.class)
				.doesNotHaveBean(ServiceRegistryEndpoint.class));
	}

	@Test
	void keepsRegistryOfTheApplication() {
		EtcdServiceRegistry registry = mock(EtcdServiceRegistry.class);
		this.contextRunner.withBean("mine", EtcdServiceRegistry.class, () -> registry)
			.run((context) -> assertThat(context).getBean(EtcdServiceRegistry.class).isSameAs(registry));
	}

}
