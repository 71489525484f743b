package io.github.etcddiscovery.autoconfigure;

import io.github.etcddiscovery.discovery.EtcdDiscoveryProperties;
import io.github.etcddiscovery.discovery.EtcdReactiveDiscoveryClient;
import io.github.etcddiscovery.discovery.ServiceCatalog;
import reactor.core.publisher.Flux;

import org.springframework.boot.autoconfigure.AutoConfiguration;
import org.springframework.boot.autoconfigure.condition.ConditionalOnBean;
import org.springframework.boot.autoconfigure.condition.ConditionalOnClass;
import org.springframework.boot.autoconfigure.condition.ConditionalOnMissingBean;
import org.springframework.cloud.client.ConditionalOnReactiveDiscoveryEnabled;
import org.springframework.cloud.client.ReactiveCommonsClientAutoConfiguration;
import org.springframework.cloud.client.discovery.composite.reactive.ReactiveCompositeDiscoveryClientAutoConfiguration;
import org.springframework.context.annotation.Bean;

/**
 * Auto-configuration for the reactive discovery client.
 */
@AutoConfiguration(
		after = { EtcdDiscoveryAutoConfiguration.class, ReactiveCompositeDiscoveryClientAutoConfiguration.class },
		before = ReactiveCommonsClientAutoConfiguration.class)
@ConditionalOnClass(Flux.class)
@ConditionalOnEtcdDiscoveryEnabled
@ConditionalOnReactiveDiscoveryEnabled
@ConditionalOnBean(ServiceCatalog.class)
public final class EtcdReactiveDiscoveryClientAutoConfiguration {

	@Bean
	@ConditionalOnMissingBean
	EtcdReactiveDiscoveryClient etcdReactiveDiscoveryClient(ServiceCatalog catalog,
			EtcdDiscoveryProperties properties) {
		return new EtcdReactiveDiscoveryClient(catalog, properties.order());
	}

}
