package io.github.etcddiscovery.autoconfigure;

import io.github.etcddiscovery.discovery.ServiceCatalog;
import io.github.etcddiscovery.metrics.ObservationMonitor;
import io.micrometer.observation.ObservationRegistry;

import org.springframework.boot.autoconfigure.AutoConfiguration;
import org.springframework.boot.autoconfigure.condition.ConditionalOnBean;
import org.springframework.boot.autoconfigure.condition.ConditionalOnClass;
import org.springframework.context.annotation.Bean;

/**
 * Auto-configuration for the observations.
 */
@AutoConfiguration(after = EtcdDiscoveryAutoConfiguration.class,
		afterName = "org.springframework.boot.micrometer.observation.autoconfigure.ObservationAutoConfiguration")
@ConditionalOnClass(ObservationRegistry.class)
@ConditionalOnBean({ ObservationRegistry.class, ServiceCatalog.class })
public final class EtcdObservationAutoConfiguration {

	@Bean
	ObservationMonitor etcdObservationMonitor(ObservationRegistry registry) {
		return new ObservationMonitor(registry);
	}

}
