package io.github.etcddiscovery.autoconfigure;

import io.github.etcddiscovery.client.EtcdConnection;
import io.github.etcddiscovery.health.ConnectionHealthIndicator;

import org.springframework.boot.autoconfigure.AutoConfiguration;
import org.springframework.boot.autoconfigure.condition.ConditionalOnBean;
import org.springframework.boot.autoconfigure.condition.ConditionalOnClass;
import org.springframework.boot.autoconfigure.condition.ConditionalOnMissingBean;
import org.springframework.boot.health.autoconfigure.contributor.ConditionalOnEnabledHealthIndicator;
import org.springframework.boot.health.contributor.HealthIndicator;
import org.springframework.context.annotation.Bean;

/**
 * Auto-configuration for the health of the connection. Backs off where discovery
 * contributes a more detailed health indicator.
 */
@AutoConfiguration(after = EtcdClientAutoConfiguration.class,
		afterName = "io.github.etcddiscovery.autoconfigure.EtcdHealthContributorAutoConfiguration")
@ConditionalOnClass({ HealthIndicator.class, ConditionalOnEnabledHealthIndicator.class })
@ConditionalOnEnabledHealthIndicator("etcd")
@ConditionalOnBean(EtcdConnection.class)
public final class EtcdConnectionHealthAutoConfiguration {

	@Bean
	@ConditionalOnMissingBean(name = { "etcdHealthIndicator", "etcdHealthContributor" })
	ConnectionHealthIndicator etcdHealthIndicator(EtcdConnection connection) {
		return new ConnectionHealthIndicator(connection);
	}

}
