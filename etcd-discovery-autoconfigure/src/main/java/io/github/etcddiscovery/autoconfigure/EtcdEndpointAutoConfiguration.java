package io.github.etcddiscovery.autoconfigure;

import java.util.List;
import java.util.stream.Stream;

import io.github.etcddiscovery.actuate.EtcdDiscoveryEndpoint;
import io.github.etcddiscovery.actuate.EtcdInfoContributor;
import io.github.etcddiscovery.discovery.ServiceCatalog;
import io.github.etcddiscovery.registry.EtcdServiceRegistry;
import io.github.etcddiscovery.registry.LeasedRegistrations;

import org.springframework.beans.factory.ObjectProvider;
import org.springframework.boot.actuate.autoconfigure.endpoint.condition.ConditionalOnAvailableEndpoint;
import org.springframework.boot.actuate.autoconfigure.info.ConditionalOnEnabledInfoContributor;
import org.springframework.boot.actuate.autoconfigure.info.InfoContributorFallback;
import org.springframework.boot.actuate.endpoint.Sanitizer;
import org.springframework.boot.actuate.endpoint.SanitizingFunction;
import org.springframework.boot.autoconfigure.AutoConfiguration;
import org.springframework.boot.autoconfigure.condition.ConditionalOnBean;
import org.springframework.boot.autoconfigure.condition.ConditionalOnClass;
import org.springframework.boot.autoconfigure.condition.ConditionalOnMissingBean;
import org.springframework.context.annotation.Bean;

/**
 * Auto-configuration for the actuator endpoint and the contribution to the info endpoint.
 */
@AutoConfiguration(after = { EtcdDiscoveryAutoConfiguration.class, EtcdServiceRegistryAutoConfiguration.class })
@ConditionalOnClass(ConditionalOnAvailableEndpoint.class)
@ConditionalOnBean(ServiceCatalog.class)
public final class EtcdEndpointAutoConfiguration {

	@Bean
	@ConditionalOnAvailableEndpoint
	@ConditionalOnMissingBean
	EtcdDiscoveryEndpoint etcdDiscoveryEndpoint(ServiceCatalog catalog, ObjectProvider<EtcdServiceRegistry> registry,
			ObjectProvider<LeasedRegistrations> registrations, ObjectProvider<SanitizingFunction> sanitizers) {
		List<SanitizingFunction> functions = Stream
			.concat(sanitizers.orderedStream(), Stream.of(SanitizingFunction.sanitizeValue().ifLikelySensitive()))
			.toList();
		return new EtcdDiscoveryEndpoint(catalog, registry.getIfAvailable(), registrations.getIfAvailable(),
				new Sanitizer(functions));
	}

	@Bean
	@ConditionalOnEnabledInfoContributor(value = "etcd", fallback = InfoContributorFallback.DISABLE)
	@ConditionalOnMissingBean
	EtcdInfoContributor etcdInfoContributor(ServiceCatalog catalog, ObjectProvider<EtcdServiceRegistry> registry) {
		return new EtcdInfoContributor(catalog, registry.getIfAvailable());
	}

}
