package io.github.etcddiscovery.autoconfigure;

import java.util.Map;

import io.github.etcddiscovery.instance.EtcdServiceInstance;
import io.github.etcddiscovery.instance.InstanceStatus;
import io.github.etcddiscovery.registry.EtcdAutoServiceRegistration;
import io.github.etcddiscovery.registry.EtcdRegistration;
import io.github.etcddiscovery.registry.EtcdServiceRegistry;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

import org.springframework.boot.autoconfigure.AutoConfigurations;
import org.springframework.boot.autoconfigure.availability.ApplicationAvailabilityAutoConfiguration;
import org.springframework.boot.test.context.runner.ApplicationContextRunner;
import org.springframework.cloud.client.discovery.EnableDiscoveryClient;
import org.springframework.cloud.client.discovery.simple.SimpleDiscoveryClientAutoConfiguration;
import org.springframework.cloud.client.serviceregistry.AutoServiceRegistration;
import org.springframework.cloud.client.serviceregistry.AutoServiceRegistrationAutoConfiguration;
import org.springframework.cloud.client.serviceregistry.Registration;
import org.springframework.cloud.client.serviceregistry.ServiceRegistry;
import org.springframework.cloud.client.serviceregistry.ServiceRegistryAutoConfiguration;
import org.springframework.cloud.client.serviceregistry.endpoint.ServiceRegistryEndpoint;
import org.springframework.cloud.commons.util.UtilAutoConfiguration;
import org.springframework.context.annotation.Configuration;

import static org.assertj.core.api.Assertions.assertThat;
import static org.mockito.Mockito.mock;

/**
 * Tests for {@link EtcdAutoServiceRegistrationAutoConfiguration}.
 */
class EtcdAutoServiceRegistrationAutoConfigurationTests {

	private final ApplicationContextRunner contextRunner = new ApplicationContextRunner()
		.withConfiguration(
				AutoConfigurations.of(EtcdClientAutoConfiguration.class, EtcdDiscoveryAutoConfiguration.class,
						EtcdServiceRegistryAutoConfiguration.class, EtcdAutoServiceRegistrationAutoConfiguration.class,
						AutoServiceRegistrationAutoConfiguration.class, SimpleDiscoveryClientAutoConfiguration.class,
						UtilAutoConfiguration.class, ApplicationAvailabilityAutoConfiguration.class))
		.withPropertyValues("spring.cloud.etcd.endpoints=http://127.0.0.1:1", "spring.application.name=app");

	@Test
	void providesOneRegistrationAndWhatRegistersIt() {
		this.contextRunner.run((context) -> assertThat(context).hasSingleBean(AutoServiceRegistration.class)
			.hasSingleBean(EtcdAutoServiceRegistration.class)
			.hasSingleBean(Registration.class)
			.getBean(Registration.class)
			.satisfies((registration) -> assertThat(registration.getServiceId()).isEqualTo("app")));
	}

	@ParameterizedTest
	@ValueSource(strings = { "spring.cloud.etcd.enabled", "spring.cloud.etcd.discovery.enabled",
			"spring.cloud.discovery.enabled", "spring.cloud.service-registry.enabled",
			"spring.cloud.service-registry.auto-registration.enabled", "spring.cloud.etcd.discovery.register" })
	void doesNothingWhenSwitchedOff(String property) {
		this.contextRunner.withPropertyValues(property + "=false", "spring.application.name=")
			.run((context) -> assertThat(context).hasNotFailed()
				.doesNotHaveBean(EtcdAutoServiceRegistration.class)
				.doesNotHaveBean(EtcdRegistration.class));
	}

	@ParameterizedTest
	@ValueSource(strings = { "spring.cloud.service-registry.auto-registration.enabled",
			"spring.cloud.etcd.discovery.register" })
	void leavesTheRegistryToApplicationsThatRegisterByThemselves(String property) {
		this.contextRunner.withPropertyValues(property + "=false")
			.run((context) -> assertThat(context).hasSingleBean(EtcdServiceRegistry.class));
	}

	@Test
	void failsWhenAutoRegistrationIsRequiredAndSwitchedOff() {
		this.contextRunner
			.withPropertyValues("spring.cloud.service-registry.auto-registration.fail-fast=true",
					"spring.cloud.etcd.discovery.register=false")
			.run((context) -> assertThat(context).hasFailed());
		this.contextRunner.withPropertyValues("spring.cloud.service-registry.auto-registration.fail-fast=true")
			.run((context) -> assertThat(context).hasNotFailed());
	}

	@Test
	void worksWithTheAnnotation() {
		this.contextRunner.withUserConfiguration(Annotated.class)
			.run((context) -> assertThat(context).hasSingleBean(EtcdAutoServiceRegistration.class));
	}

	@Test
	void doesNotRegisterWhenTheAnnotationSaysSo() {
		this.contextRunner.withUserConfiguration(AnnotatedWithoutRegistration.class)
			.run((context) -> assertThat(context).hasNotFailed()
				.hasSingleBean(EtcdServiceRegistry.class)
				.doesNotHaveBean(AutoServiceRegistration.class));
	}

	@Test
	void registersWhenAPropertyOverridesTheAnnotation() {
		this.contextRunner.withUserConfiguration(AnnotatedWithoutRegistration.class)
			.withPropertyValues("spring.cloud.service-registry.auto-registration.enabled=true")
			.run((context) -> assertThat(context).hasSingleBean(EtcdAutoServiceRegistration.class));
	}

	@Test
	void giveWayToAnotherRegistryWhereSpringCloudTakesOneOnly() {
		AutoServiceRegistration otherAuto = mock(AutoServiceRegistration.class);
		Registration other = mock(Registration.class);
		ServiceRegistry<?> otherRegistry = mock(ServiceRegistry.class);
		this.contextRunner.withBean("otherAuto", AutoServiceRegistration.class, () -> otherAuto)
			.withBean("other", Registration.class, () -> other)
			.withBean("otherRegistry", ServiceRegistry.class, () -> otherRegistry)
			.withConfiguration(AutoConfigurations.of(ServiceRegistryAutoConfiguration.class))
			.withPropertyValues("management.endpoints.web.exposure.include=serviceregistry")
			.run((context) -> {
				assertThat(context).hasNotFailed()
					.hasSingleBean(EtcdAutoServiceRegistration.class)
					.hasSingleBean(ServiceRegistryEndpoint.class);
				assertThat(context.getBean(AutoServiceRegistration.class)).isSameAs(otherAuto);
				assertThat(context.getBean(Registration.class)).isSameAs(other);
				assertThat(context.getBean(ServiceRegistry.class)).isSameAs(otherRegistry);
			});
	}

	@Test
	void keepsRegistrationOfTheApplication() {
		EtcdRegistration registration = new EtcdRegistration(
				new EtcdServiceInstance("mine", "1", "host", 1, false, InstanceStatus.UP, Map.of()));
		this.contextRunner.withBean("mine", EtcdRegistration.class, () -> registration)
			.run((context) -> assertThat(context.getBean(Registration.class)).isSameAs(registration));
	}

	@Test
	void keepsAutoRegistrationOfTheApplication() {
		EtcdAutoServiceRegistration registration = mock(EtcdAutoServiceRegistration.class);
		this.contextRunner.withBean("mine", EtcdAutoServiceRegistration.class, () -> registration)
			.run((context) -> assertThat(context.getBean(AutoServiceRegistration.class)).isSameAs(registration));
	}

	@Configuration(proxyBeanMethods = false)
	@EnableDiscoveryClient
	static class Annotated {

	}

	@Configuration(proxyBeanMethods = false)
	@EnableDiscoveryClient(autoRegister = false)
	static class AnnotatedWithoutRegistration {

	}

}
