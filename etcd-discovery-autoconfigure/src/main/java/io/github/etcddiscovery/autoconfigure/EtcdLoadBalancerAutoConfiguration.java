package io.github.etcddiscovery.autoconfigure;

import java.util.stream.Stream;

import io.github.etcddiscovery.discovery.ServiceCatalog;
import io.github.etcddiscovery.loadbalancer.EtcdLoadBalancerProperties;
import io.github.etcddiscovery.loadbalancer.FarewellListener;
import io.github.etcddiscovery.loadbalancer.GatewayHandshakeFilter;
import io.github.etcddiscovery.loadbalancer.RotationConfiguration;
import io.github.etcddiscovery.loadbalancer.Rotations;
import io.github.etcddiscovery.loadbalancer.UncachedLoadBalancerConfiguration;
import io.github.etcddiscovery.probe.AddressProbe;

import org.springframework.boot.autoconfigure.AutoConfiguration;
import org.springframework.boot.autoconfigure.condition.ConditionalOnBean;
import org.springframework.boot.autoconfigure.condition.ConditionalOnBooleanProperty;
import org.springframework.boot.autoconfigure.condition.ConditionalOnClass;
import org.springframework.boot.autoconfigure.condition.ConditionalOnMissingBean;
import org.springframework.boot.context.properties.EnableConfigurationProperties;
import org.springframework.cloud.gateway.filter.GlobalFilter;
import org.springframework.cloud.loadbalancer.annotation.LoadBalancerClients;
import org.springframework.cloud.loadbalancer.cache.LoadBalancerCacheManager;
import org.springframework.cloud.loadbalancer.config.LoadBalancerAutoConfiguration;
import org.springframework.cloud.loadbalancer.config.LoadBalancerZoneConfig;
import org.springframework.context.annotation.Bean;
import org.springframework.context.annotation.Configuration;
import org.springframework.core.env.Environment;
import org.springframework.util.StringUtils;

/**
 * Auto-configuration that makes Spring Cloud LoadBalancer follow the catalog.
 */
@AutoConfiguration(after = EtcdDiscoveryAutoConfiguration.class, before = LoadBalancerAutoConfiguration.class)
@ConditionalOnClass({ LoadBalancerClients.class, LoadBalancerCacheManager.class })
@ConditionalOnBean(ServiceCatalog.class)
@ConditionalOnBooleanProperty(name = { "spring.cloud.loadbalancer.enabled", "spring.cloud.etcd.loadbalancer.enabled" },
		matchIfMissing = true)
@EnableConfigurationProperties(EtcdLoadBalancerProperties.class)
@LoadBalancerClients(defaultConfiguration = { UncachedLoadBalancerConfiguration.class, RotationConfiguration.class })
public final class EtcdLoadBalancerAutoConfiguration {

	@Bean
	@ConditionalOnMissingBean
	FarewellListener etcdFarewellListener(ServiceCatalog catalog) {
		return new FarewellListener(catalog);
	}

	@Bean
	@ConditionalOnMissingBean
	Rotations etcdRotations() {
		return new Rotations();
	}

	/**
	 * The zone of this application as a caller is the one that it registers with.
	 */
	@Bean
	@ConditionalOnMissingBean
	LoadBalancerZoneConfig etcdZoneConfig(Environment environment) {
		return new LoadBalancerZoneConfig(Stream
			.of("spring.cloud.loadbalancer.zone", "spring.cloud.etcd.discovery.zone",
					"spring.cloud.etcd.discovery.metadata.zone")
			.map(environment::getProperty)
			.filter(StringUtils::hasText)
			.findFirst()
			.orElse(null));
	}

	@Configuration(proxyBeanMethods = false)
	@ConditionalOnClass(GlobalFilter.class)
	static class GatewayHandshakeConfiguration {

		@Bean
		@ConditionalOnMissingBean
		GatewayHandshakeFilter etcdGatewayHandshakeFilter(AddressProbe probe) {
			return new GatewayHandshakeFilter(probe);
		}

	}

}
