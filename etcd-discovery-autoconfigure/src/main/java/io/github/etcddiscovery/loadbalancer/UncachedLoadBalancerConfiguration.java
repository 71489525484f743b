package io.github.etcddiscovery.loadbalancer;

import org.springframework.cache.support.NoOpCacheManager;
import org.springframework.cloud.loadbalancer.cache.LoadBalancerCacheManager;
import org.springframework.context.annotation.Bean;
import org.springframework.context.annotation.Configuration;

/**
 * Configuration of each load-balanced service's own context. Spring Cloud LoadBalancer
 * caches lists of instances for 35 seconds, which would hide changes that the mirror
 * knows within milliseconds. The caching supplier of every chain looks for its cache
 * manager in that context first, so this configuration provides one that caches nothing.
 * Look-ups are answered from memory anyway. The application's own caches are not
 * affected.
 */
@Configuration(proxyBeanMethods = false)
public class UncachedLoadBalancerConfiguration {

	@Bean
	LoadBalancerCacheManager uncachedLoadBalancerCacheManager() {
		return new Uncached();
	}

	private static final class Uncached extends NoOpCacheManager implements LoadBalancerCacheManager {

	}

}
