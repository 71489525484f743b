package io.github.etcddiscovery.config.autoconfigure;

import java.util.List;
import java.util.stream.Stream;

import io.github.etcddiscovery.config.ConfigReporter;
import io.github.etcddiscovery.config.EtcdConfig;
import io.github.etcddiscovery.config.EtcdConfigRefresher;
import io.github.etcddiscovery.config.actuate.EtcdConfigEndpoint;
import io.github.etcddiscovery.config.actuate.EtcdConfigEndpointProperties;
import io.github.etcddiscovery.config.actuate.EtcdConfigHealthIndicator;

import org.springframework.beans.factory.ObjectProvider;
import org.springframework.boot.actuate.autoconfigure.endpoint.condition.ConditionalOnAvailableEndpoint;
import org.springframework.boot.actuate.endpoint.Sanitizer;
import org.springframework.boot.actuate.endpoint.SanitizingFunction;
import org.springframework.boot.autoconfigure.AutoConfiguration;
import org.springframework.boot.autoconfigure.condition.ConditionalOnBean;
import org.springframework.boot.autoconfigure.condition.ConditionalOnClass;
import org.springframework.boot.autoconfigure.condition.ConditionalOnMissingBean;
import org.springframework.boot.context.properties.EnableConfigurationProperties;
import org.springframework.boot.health.autoconfigure.contributor.ConditionalOnEnabledHealthIndicator;
import org.springframework.boot.health.contributor.HealthIndicator;
import org.springframework.context.annotation.Bean;
import org.springframework.context.annotation.Configuration;
import org.springframework.core.env.ConfigurableEnvironment;

/**
 * Auto-configuration for the endpoint and the health of the configuration in etcd.
 */
@AutoConfiguration(after = EtcdConfigAutoConfiguration.class)
@ConditionalOnBean(EtcdConfigRefresher.class)
public final class EtcdConfigActuatorAutoConfiguration {

	@Bean
	@ConditionalOnMissingBean
	ConfigReporter etcdConfigReporter(ConfigurableEnvironment environment, EtcdConfig config,
			EtcdConfigRefresher refresher) {
		return new ConfigReporter(environment, config, refresher);
	}

	/**
	 * A class of its own, so that it is loaded only where the actuator is.
	 */
	@Configuration(proxyBeanMethods = false)
	@ConditionalOnClass(ConditionalOnAvailableEndpoint.class)
	@ConditionalOnAvailableEndpoint(endpoint = EtcdConfigEndpoint.class)
	@EnableConfigurationProperties(EtcdConfigEndpointProperties.class)
	static class EndpointConfiguration {

		@Bean
		@ConditionalOnMissingBean
		EtcdConfigEndpoint etcdConfigEndpoint(ConfigReporter reporter, EtcdConfigRefresher refresher,
				ConfigurableEnvironment environment, ObjectProvider<SanitizingFunction> sanitizers,
				EtcdConfigEndpointProperties properties) {
			List<SanitizingFunction> functions = Stream
				.concat(sanitizers.orderedStream(), Stream.of(SanitizingFunction.sanitizeValue().ifLikelySensitive()))
				.toList();
			return new EtcdConfigEndpoint(reporter, refresher, environment, new Sanitizer(functions), properties);
		}

	}

	/**
	 * Values that are encrypted in etcd are hidden in all endpoints, whoever may see
	 * values.
	 */
	@Configuration(proxyBeanMethods = false)
	@ConditionalOnClass(SanitizingFunction.class)
	static class SanitizingConfiguration {

		@Bean
		SanitizingFunction etcdConfigSanitizingFunction() {
			return (data) -> ConfigReporter.isEncrypted(data.getPropertySource(), data.getKey())
					? data.withValue(ConfigReporter.ENCRYPTED) : data;
		}

	}

	/**
	 * A class of its own, so that it is loaded only where health is.
	 */
	@Configuration(proxyBeanMethods = false)
	@ConditionalOnClass({ HealthIndicator.class, ConditionalOnEnabledHealthIndicator.class })
	@ConditionalOnEnabledHealthIndicator("etcdconfig")
	static class HealthConfiguration {

		@Bean
		@ConditionalOnMissingBean(name = { "etcdConfigHealthIndicator", "etcdConfigHealthContributor" })
		EtcdConfigHealthIndicator etcdConfigHealthIndicator(EtcdConfig config, EtcdConfigRefresher refresher,
				ConfigReporter reporter) {
			return new EtcdConfigHealthIndicator(config, refresher, reporter);
		}

	}

}
