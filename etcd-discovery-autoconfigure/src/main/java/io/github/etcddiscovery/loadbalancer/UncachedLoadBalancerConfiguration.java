package io.github.etcddiscovery.loadbalancer;

import org.springframework.cache.support.NoOpCacheManager;
import org.springframework.cloud.loadbalancer.cache.LoadBalancerCacheManager;
import org.springframework.context.annotation.Bean;
import org.springframework.context.annotation.Configuration;

/**
 * Configuration of each load-balanced service's own context: Spring Cloud LoadBalancer
 * keeps lists of instances for 35 seconds, which would hide what the mirror knows within
 * milliseconds. The caching supplier of every chain takes its cache manager from that
 * context first; this one remembers nothing. Look-ups are answered from memory anyway.
 * The application's own caches are not touched.
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
