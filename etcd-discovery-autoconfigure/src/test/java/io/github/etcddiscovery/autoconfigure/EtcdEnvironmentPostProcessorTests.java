package io.github.etcddiscovery.autoconfigure;

import java.util.HashMap;
import java.util.Map;

import io.github.etcddiscovery.client.EtcdProperties;
import io.github.etcddiscovery.discovery.EtcdDiscoveryProperties;
import io.github.etcddiscovery.loadbalancer.EtcdLoadBalancerProperties;
import io.github.etcddiscovery.registry.EtcdRegistrationProperties;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

import org.springframework.boot.Banner;
import org.springframework.boot.SpringApplication;
import org.springframework.boot.WebApplicationType;
import org.springframework.context.ConfigurableApplicationContext;
import org.springframework.context.annotation.Configuration;
import org.springframework.context.annotation.PropertySource;

import static org.assertj.core.api.Assertions.assertThat;

/**
 * Tests for {@link EtcdEnvironmentPostProcessor}.
 */
class EtcdEnvironmentPostProcessorTests {

	private static final String LOGGING = "logging.level.io.etcd.jetcd.impl";

	private static final String CACHE = "spring.cloud.loadbalancer.cache.enabled";

	private static final String HEALTH_CHECK = "spring.cloud.loadbalancer.health-check.refetch-instances";

	private static final String REFRESH = "spring.cloud.refresh.never-refreshable";

	@Test
	void setsDefaults() {
		try (ConfigurableApplicationContext context = run(Empty.class, Map.of())) {
			assertThat(context.getEnvironment().getProperty(LOGGING)).isEqualTo("ERROR");
			assertThat(context.getEnvironment().getProperty(CACHE)).isEqualTo("false");
			assertThat(context.getEnvironment().getProperty(REFRESH, String[].class)).containsExactly(
					"com.zaxxer.hikari.HikariDataSource", EtcdProperties.class.getName(),
					EtcdDiscoveryProperties.class.getName(), EtcdRegistrationProperties.class.getName(),
					EtcdLoadBalancerProperties.class.getName());
			assertThat(context.getEnvironment().getProperty(HEALTH_CHECK)).isEqualTo("true");
		}
	}

	@ParameterizedTest
	@ValueSource(strings = { LOGGING + "=DEBUG", CACHE + "=true", HEALTH_CHECK + "=false" })
	void givesWayToArguments(String property) {
		String[] parts = property.split("=");
		try (ConfigurableApplicationContext context = run(Empty.class, Map.of(), "--" + property)) {
			assertThat(context.getEnvironment().getProperty(parts[0])).isEqualTo(parts[1]);
		}
	}

	@ParameterizedTest
	@ValueSource(strings = { "some.Type,other.Type", "[0]" })
	void addsToWhatTheApplicationDoesNotRefresh(String value) {
		String[] arguments = value.equals("[0]")
				? new String[] { "--" + REFRESH + "[0]=some.Type", "--" + REFRESH + "[1]=other.Type" }
				: new String[] { "--" + REFRESH + "=" + value };
		try (ConfigurableApplicationContext context = run(Empty.class, Map.of(), arguments)) {
			assertThat(context.getEnvironment().getProperty(REFRESH, String[].class)).containsExactly("some.Type",
					"other.Type", EtcdProperties.class.getName(), EtcdDiscoveryProperties.class.getName(),
					EtcdRegistrationProperties.class.getName(), EtcdLoadBalancerProperties.class.getName());
		}
	}

	@Test
	void givesWayToDefaultsOfTheApplication() {
		try (ConfigurableApplicationContext context = run(Empty.class, Map.of(LOGGING, "DEBUG", CACHE, "true"))) {
			assertThat(context.getEnvironment().getProperty(LOGGING)).isEqualTo("DEBUG");
			assertThat(context.getEnvironment().getProperty(CACHE)).isEqualTo("true");
		}
	}

	@Test
	void givesWayToPropertySourcesOfTheApplication() {
		try (ConfigurableApplicationContext context = run(WithPropertySource.class, Map.of())) {
			assertThat(context.getEnvironment().getProperty(CACHE)).isEqualTo("true");
		}
	}

	@Test
	void doesNothingWhenSwitchedOff() {
		try (ConfigurableApplicationContext context = run(Empty.class, Map.of(), "--spring.cloud.etcd.enabled=false")) {
			assertThat(context.getEnvironment().getProperty(LOGGING)).isNull();
			assertThat(context.getEnvironment().getProperty(CACHE)).isNull();
			assertThat(context.getEnvironment().getProperty(REFRESH)).isNull();
		}
	}

	@ParameterizedTest
	@ValueSource(
			strings = { "spring.cloud.etcd.loadbalancer", "spring.cloud.etcd.discovery", "spring.cloud.discovery" })
	void leavesTheCacheAndRetriesWhenLoadBalancingIsNotOurs(String prefix) {
		try (ConfigurableApplicationContext context = run(Empty.class, Map.of(), "--" + prefix + ".enabled=false")) {
			assertThat(context.getEnvironment().getProperty("spring.cloud.loadbalancer.retry.enabled")).isNull();
			assertThat(context.getEnvironment().getProperty(LOGGING)).isEqualTo("ERROR");
			assertThat(context.getEnvironment().getProperty(CACHE)).isNull();
			assertThat(context.getEnvironment().getProperty(HEALTH_CHECK)).isNull();
		}
	}

	private static ConfigurableApplicationContext run(Class<?> source, Map<String, Object> defaults,
			String... arguments) {
		SpringApplication application = new SpringApplication(source);
		application.setWebApplicationType(WebApplicationType.NONE);
		application.setBannerMode(Banner.Mode.OFF);
		application.setDefaultProperties(new HashMap<>(defaults));
		return application.run(arguments);
	}

	@Configuration(proxyBeanMethods = false)
	static class Empty {

	}

	@Configuration(proxyBeanMethods = false)
	@PropertySource("classpath:io/github/etcddiscovery/autoconfigure/cache.properties")
	static class WithPropertySource {

	}

}
