package io.github.etcddiscovery.autoconfigure;

import io.github.etcddiscovery.loadbalancer.FarewellFilter;
import io.github.etcddiscovery.loadbalancer.FarewellWebFilter;
import io.github.etcddiscovery.registry.EtcdAutoServiceRegistration;
import io.github.etcddiscovery.registry.EtcdRegistration;
import org.junit.jupiter.api.Test;

import org.springframework.boot.autoconfigure.AutoConfigurations;
import org.springframework.boot.test.context.FilteredClassLoader;
import org.springframework.boot.test.context.runner.AbstractApplicationContextRunner;
import org.springframework.boot.test.context.runner.ApplicationContextRunner;
import org.springframework.boot.test.context.runner.ReactiveWebApplicationContextRunner;
import org.springframework.boot.test.context.runner.WebApplicationContextRunner;

import static org.assertj.core.api.Assertions.assertThat;
import static org.mockito.Mockito.mock;

/**
 * Tests for {@link EtcdFarewellAutoConfiguration}.
 */
class EtcdFarewellAutoConfigurationTests {

	@Test
	void saysGoodbyeInAnswersOfServlets() {
		registered(new WebApplicationContextRunner())
			.run((context) -> assertThat(context).hasSingleBean(FarewellFilter.class)
				.doesNotHaveBean(FarewellWebFilter.class));
	}

	@Test
	void saysGoodbyeInReactiveAnswers() {
		registered(new ReactiveWebApplicationContextRunner())
			.withClassLoader(new FilteredClassLoader("jakarta.servlet"))
			.run((context) -> assertThat(context).hasSingleBean(FarewellWebFilter.class));
	}

	@Test
	void doesNothingWhenSwitchedOff() {
		registered(new WebApplicationContextRunner())
			.withPropertyValues("spring.cloud.etcd.discovery.farewell.enabled=false")
			.run((context) -> assertThat(context).hasNotFailed().doesNotHaveBean(FarewellFilter.class));
	}

	@Test
	void doesNothingWithoutWebServer() {
		registered(new ApplicationContextRunner()).run((context) -> assertThat(context).hasNotFailed()
			.doesNotHaveBean(FarewellFilter.class)
			.doesNotHaveBean(FarewellWebFilter.class));
	}

	@Test
	void doesNothingWhenNothingIsRegistered() {
		new WebApplicationContextRunner().withConfiguration(AutoConfigurations.of(EtcdFarewellAutoConfiguration.class))
			.run((context) -> assertThat(context).hasNotFailed().doesNotHaveBean(FarewellFilter.class));
	}

	private static <T extends AbstractApplicationContextRunner<T, ?, ?>> T registered(T runner) {
		return runner.withConfiguration(AutoConfigurations.of(EtcdFarewellAutoConfiguration.class))
			.withBean(EtcdRegistration.class, () -> mock(EtcdRegistration.class))
			.withBean(EtcdAutoServiceRegistration.class, () -> mock(EtcdAutoServiceRegistration.class));
	}

}
