package io.github.etcddiscovery.autoconfigure;

import io.github.etcddiscovery.discovery.ServiceCatalog;
import io.github.etcddiscovery.loadbalancer.EtcdLoadBalancerProperties;
import io.github.etcddiscovery.loadbalancer.FarewellListener;
import io.github.etcddiscovery.loadbalancer.RotationConfiguration;
import io.github.etcddiscovery.loadbalancer.UncachedLoadBalancerConfiguration;

import org.springframework.boot.autoconfigure.AutoConfiguration;
import org.springframework.boot.autoconfigure.condition.ConditionalOnBean;
import org.springframework.boot.autoconfigure.condition.ConditionalOnBooleanProperty;
import org.springframework.boot.autoconfigure.condition.ConditionalOnClass;
import org.springframework.boot.autoconfigure.condition.ConditionalOnMissingBean;
import org.springframework.boot.context.properties.EnableConfigurationProperties;
import org.springframework.cloud.loadbalancer.annotation.LoadBalancerClients;
import org.springframework.cloud.loadbalancer.cache.LoadBalancerCacheManager;
import org.springframework.context.annotation.Bean;

/**
 * Auto-configuration that makes Spring Cloud LoadBalancer follow the catalog.
 */
@AutoConfiguration(after = EtcdDiscoveryAutoConfiguration.class)
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

}
