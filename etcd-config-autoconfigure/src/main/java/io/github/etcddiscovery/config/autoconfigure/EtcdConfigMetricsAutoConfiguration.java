package io.github.etcddiscovery.config.autoconfigure;

import io.github.etcddiscovery.config.ConfigReporter;
import io.github.etcddiscovery.config.EtcdConfig;
import io.github.etcddiscovery.config.EtcdConfigRefresher;
import io.github.etcddiscovery.config.metrics.EtcdConfigMetrics;
import io.micrometer.core.instrument.MeterRegistry;

import org.springframework.boot.autoconfigure.AutoConfiguration;
import org.springframework.boot.autoconfigure.condition.ConditionalOnBean;
import org.springframework.boot.autoconfigure.condition.ConditionalOnClass;
import org.springframework.context.annotation.Bean;

/**
 * Auto-configuration for the meters of the configuration in etcd.
 */
@AutoConfiguration(after = EtcdConfigActuatorAutoConfiguration.class,
		afterName = "org.springframework.boot.micrometer.metrics.autoconfigure.CompositeMeterRegistryAutoConfiguration")
@ConditionalOnClass(MeterRegistry.class)
@ConditionalOnBean({ MeterRegistry.class, EtcdConfigRefresher.class })
public final class EtcdConfigMetricsAutoConfiguration {

	@Bean
	EtcdConfigMetrics etcdConfigMetrics(EtcdConfig config, EtcdConfigRefresher refresher, ConfigReporter reporter) {
		return new EtcdConfigMetrics(config, refresher, reporter);
	}

}
