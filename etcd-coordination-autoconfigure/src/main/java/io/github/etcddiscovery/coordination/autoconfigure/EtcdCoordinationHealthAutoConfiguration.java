package io.github.etcddiscovery.coordination.autoconfigure;

import io.github.etcddiscovery.coordination.Coordination;
import io.github.etcddiscovery.coordination.actuate.CoordinationHealthIndicator;
import io.github.etcddiscovery.coordination.leader.Elections;

import org.springframework.boot.autoconfigure.AutoConfiguration;
import org.springframework.boot.autoconfigure.condition.ConditionalOnBean;
import org.springframework.boot.autoconfigure.condition.ConditionalOnClass;
import org.springframework.boot.autoconfigure.condition.ConditionalOnMissingBean;
import org.springframework.boot.health.autoconfigure.contributor.ConditionalOnEnabledHealthIndicator;
import org.springframework.boot.health.contributor.HealthIndicator;
import org.springframework.context.annotation.Bean;

/**
 * Auto-configuration for the health of leadership and locks.
 */
@AutoConfiguration(after = EtcdCoordinationAutoConfiguration.class)
@ConditionalOnClass({ HealthIndicator.class, ConditionalOnEnabledHealthIndicator.class })
@ConditionalOnBean(Elections.class)
public final class EtcdCoordinationHealthAutoConfiguration {

	@Bean
	@ConditionalOnEnabledHealthIndicator("etcd-coordination")
	@ConditionalOnMissingBean(name = { "etcdCoordinationHealthIndicator", "etcdCoordinationHealthContributor" })
	CoordinationHealthIndicator etcdCoordinationHealthIndicator(Coordination coordination, Elections elections) {
		return new CoordinationHealthIndicator(coordination, elections);
	}

}
