package io.github.etcddiscovery.coordination.autoconfigure;

import io.github.etcddiscovery.coordination.leader.Elections;
import io.github.etcddiscovery.coordination.metrics.CoordinationMetrics;
import io.micrometer.core.instrument.MeterRegistry;

import org.springframework.beans.factory.SmartInitializingSingleton;
import org.springframework.boot.autoconfigure.AutoConfiguration;
import org.springframework.boot.autoconfigure.condition.ConditionalOnBean;
import org.springframework.boot.autoconfigure.condition.ConditionalOnClass;
import org.springframework.boot.autoconfigure.condition.ConditionalOnMissingBean;
import org.springframework.context.annotation.Bean;

/**
 * Auto-configuration for the meters of leadership and locks.
 */
@AutoConfiguration(after = EtcdCoordinationAutoConfiguration.class,
		afterName = "org.springframework.boot.micrometer.metrics.autoconfigure.CompositeMeterRegistryAutoConfiguration")
@ConditionalOnClass(MeterRegistry.class)
@ConditionalOnBean({ Elections.class, MeterRegistry.class })
public final class EtcdCoordinationMetricsAutoConfiguration {

	@Bean
	@ConditionalOnMissingBean
	CoordinationMetrics etcdCoordinationMetrics(MeterRegistry registry) {
		return new CoordinationMetrics(registry);
	}

	@Bean
	SmartInitializingSingleton etcdLeadershipGauges(CoordinationMetrics metrics, Elections elections) {
		return () -> metrics.show(elections);
	}

}
