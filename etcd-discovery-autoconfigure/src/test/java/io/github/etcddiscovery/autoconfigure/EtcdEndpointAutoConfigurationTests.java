package io.github.etcddiscovery.autoconfigure;

import io.github.etcddiscovery.actuate.EtcdDiscoveryEndpoint;
import io.github.etcddiscovery.actuate.EtcdInfoContributor;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

import org.springframework.boot.actuate.endpoint.InvalidEndpointRequestException;
import org.springframework.boot.autoconfigure.AutoConfigurations;
import org.springframework.boot.test.context.FilteredClassLoader;
import org.springframework.boot.test.context.runner.ApplicationContextRunner;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;

/**
 * Tests for {@link EtcdEndpointAutoConfiguration}.
 */
class EtcdEndpointAutoConfigurationTests {

	private final ApplicationContextRunner contextRunner = new ApplicationContextRunner()
		.withConfiguration(
				AutoConfigurations.of(EtcdClientAutoConfiguration.class, EtcdDiscoveryAutoConfiguration.class,
						EtcdServiceRegistryAutoConfiguration.class, EtcdEndpointAutoConfiguration.class))
		.withPropertyValues("spring.cloud.etcd.endpoints=http://127.0.0.1:1",
				"management.endpoints.web.exposure.include=*", "management.info.etcd.enabled=true");

	@Test
	void answersWithoutEtcd() {
		this.contextRunner.run((context) -> {
			EtcdDiscoveryEndpoint.DiscoveryDescriptor discovery = context.getBean(EtcdDiscoveryEndpoint.class)
				.discovery();
			assertThat(discovery.services()).isEmpty();
			assertThat(discovery.registrations()).isEmpty();
			assertThat(discovery.mirror().synced()).isFalse();
			assertThat(context).hasSingleBean(EtcdInfoContributor.class);
		});
	}

	@Test
	void staysWithoutARegistry() {
		this.contextRunner.withPropertyValues("spring.cloud.service-registry.enabled=false").run((context) -> {
			EtcdDiscoveryEndpoint endpoint = context.getBean(EtcdDiscoveryEndpoint.class);
			assertThat(endpoint.discovery().lease()).isNull();
			assertThatExceptionOfType(InvalidEndpointRequestException.class)
				.isThrownBy(() -> endpoint.setStatus("app", "DOWN"));
		});
	}

	@Test
	void isThereOnlyWhenExposed() {
		this.contextRunner.withPropertyValues("management.endpoints.web.exposure.include=health")
			.run((context) -> assertThat(context).hasNotFailed().doesNotHaveBean(EtcdDiscoveryEndpoint.class));
	}

	@Test
	void addsToTheInformationOnlyWhenWanted() {
		this.contextRunner
			.withPropertyValues("management.info.etcd.enabled=false", "management.info.defaults.enabled=true")
			.run((context) -> assertThat(context).hasNotFailed().doesNotHaveBean(EtcdInfoContributor.class));
	}

	@ParameterizedTest
	@ValueSource(strings = { "spring.cloud.etcd.enabled", "spring.cloud.etcd.discovery.enabled",
			"spring.cloud.discovery.enabled" })
	void doesNothingWhenSwitchedOff(String property) {
		this.contextRunner.withPropertyValues(property + "=false")
			.run((context) -> assertThat(context).hasNotFailed()
				.doesNotHaveBean(EtcdDiscoveryEndpoint.class)
				.doesNotHaveBean(EtcdInfoContributor.class));
	}

	@Test
	void doesNothingWithoutActuator() {
		this.contextRunner.withClassLoader(new FilteredClassLoader("org.springframework.boot.actuate"))
			.run((context) -> assertThat(context).hasNotFailed().doesNotHaveBean("etcdDiscoveryEndpoint"));
	}

}
