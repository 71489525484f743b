package io.github.etcddiscovery.autoconfigure;

import io.github.etcddiscovery.discovery.ServiceCatalog;
import io.github.etcddiscovery.metrics.CatalogMetrics;
import io.github.etcddiscovery.metrics.LeaseRenewalMetrics;
import io.github.etcddiscovery.metrics.RegistrationMetrics;
import io.github.etcddiscovery.registry.EtcdServiceRegistry;
import io.github.etcddiscovery.registry.LeasedRegistrations;
import io.micrometer.core.instrument.MeterRegistry;

import org.springframework.boot.autoconfigure.AutoConfiguration;
import org.springframework.boot.autoconfigure.condition.ConditionalOnBean;
import org.springframework.boot.autoconfigure.condition.ConditionalOnClass;
import org.springframework.context.annotation.Bean;

/**
 * Auto-configuration for the metrics.
 */
@AutoConfiguration(after = { EtcdDiscoveryAutoConfiguration.class, EtcdServiceRegistryAutoConfiguration.class },
		afterName = "org.springframework.boot.micrometer.metrics.autoconfigure.CompositeMeterRegistryAutoConfiguration")
@ConditionalOnClass(MeterRegistry.class)
@ConditionalOnBean({ MeterRegistry.class, ServiceCatalog.class })
public final class EtcdMetricsAutoConfiguration {

	@Bean
	CatalogMetrics etcdCatalogMetrics(ServiceCatalog catalog) {
		return new CatalogMetrics(catalog);
	}

	@Bean
	@ConditionalOnBean(LeasedRegistrations.class)
	LeaseRenewalMetrics etcdLeaseRenewalMetrics() {
		return new LeaseRenewalMetrics();
	}

	@Bean
	@ConditionalOnBean({ EtcdServiceRegistry.class, LeasedRegistrations.class })
	RegistrationMetrics etcdRegistrationMetrics(EtcdServiceRegistry registry, LeasedRegistrations registrations) {
		return new RegistrationMetrics(registry, registrations);
	}

}
