package io.github.etcddiscovery.autoconfigure;

import io.github.etcddiscovery.discovery.ServiceCatalog;
import io.github.etcddiscovery.grpc.GrpcDiscovery;
import io.grpc.ManagedChannelBuilder;

import org.springframework.boot.autoconfigure.AutoConfiguration;
import org.springframework.boot.autoconfigure.condition.ConditionalOnBean;
import org.springframework.boot.autoconfigure.condition.ConditionalOnClass;
import org.springframework.boot.autoconfigure.condition.ConditionalOnMissingBean;
import org.springframework.context.annotation.Bean;
import org.springframework.context.annotation.Configuration;
import org.springframework.core.Ordered;
import org.springframework.core.annotation.Order;
import org.springframework.core.env.Environment;
import org.springframework.grpc.client.GrpcChannelBuilderCustomizer;

/**
 * Auto-configuration that lets gRPC channels follow services.
 */
@AutoConfiguration(after = EtcdDiscoveryAutoConfiguration.class)
@ConditionalOnEtcdDiscoveryEnabled
@ConditionalOnClass(ManagedChannelBuilder.class)
@ConditionalOnBean(ServiceCatalog.class)
public final class EtcdGrpcClientAutoConfiguration {

	/**
	 * Retries by the same properties as load-balanced HTTP clients.
	 */
	@Bean
	@ConditionalOnMissingBean
	GrpcDiscovery etcdGrpcDiscovery(ServiceCatalog catalog, Environment environment) {
		return new GrpcDiscovery(catalog,
				environment.getProperty("spring.cloud.loadbalancer.retry.enabled", Boolean.class, true));
	}

	/**
	 * Spring's channels already call instances in turn by default, and other policies can
	 * be configured, so only the binding is added.
	 */
	@Configuration(proxyBeanMethods = false)
	@ConditionalOnClass(GrpcChannelBuilderCustomizer.class)
	static class SpringChannelConfiguration {

		@Bean
		@Order(Ordered.HIGHEST_PRECEDENCE)
		<T extends ManagedChannelBuilder<T>> GrpcChannelBuilderCustomizer<T> etcdGrpcChannelBuilderCustomizer(
				GrpcDiscovery discovery) {
			return discovery::bind;
		}

	}

}
