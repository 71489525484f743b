package io.github.etcddiscovery.autoconfigure;

import io.github.etcddiscovery.discovery.ServiceCatalog;
import io.github.etcddiscovery.health.EtcdHealthIndicator;
import io.github.etcddiscovery.registry.LeasedRegistrations;

import org.springframework.beans.factory.ObjectProvider;
import org.springframework.boot.autoconfigure.AutoConfiguration;
import org.springframework.boot.autoconfigure.condition.ConditionalOnBean;
import org.springframework.boot.autoconfigure.condition.ConditionalOnClass;
import org.springframework.boot.autoconfigure.condition.ConditionalOnMissingBean;
import org.springframework.boot.health.autoconfigure.contributor.ConditionalOnEnabledHealthIndicator;
import org.springframework.boot.health.contributor.HealthIndicator;
import org.springframework.context.annotation.Bean;

/**
 * Auto-configuration for the health indicator of etcd.
 */
@AutoConfiguration(after = { EtcdDiscoveryAutoConfiguration.class, EtcdServiceRegistryAutoConfiguration.class })
@ConditionalOnClass({ HealthIndicator.class, ConditionalOnEnabledHealthIndicator.class })
@ConditionalOnEnabledHealthIndicator("etcd")
@ConditionalOnBean(ServiceCatalog.class)
public final class EtcdHealthContributorAutoConfiguration {

	@Bean
	@ConditionalOnMissingBean(name = { "etcdHealthIndicator", "etcdHealthContributor" })
	EtcdHealthIndicator etcdHealthIndicator(ServiceCatalog catalog, ObjectProvider<LeasedRegistrations> registrations) {
		LeasedRegistrations leased = registrations.getIfAvailable();
		return new EtcdHealthIndicator(catalog, () -> (leased != null) ? leased.status() : null);
	}

}
