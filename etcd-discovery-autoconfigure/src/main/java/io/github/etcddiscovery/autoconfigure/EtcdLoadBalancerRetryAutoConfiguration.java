package io.github.etcddiscovery.autoconfigure;

import java.util.Objects;

import io.github.etcddiscovery.discovery.ServiceCatalog;
import io.github.etcddiscovery.loadbalancer.GatewayMvcRetryFilter;
import io.github.etcddiscovery.loadbalancer.GatewayMvcRetryPostProcessor;
import io.github.etcddiscovery.loadbalancer.GatewayRetryFilter;
import io.github.etcddiscovery.loadbalancer.SafeReactiveRetryPolicy;
import io.github.etcddiscovery.loadbalancer.SafeRetryPolicy;

import org.springframework.beans.factory.ObjectProvider;
import org.springframework.boot.autoconfigure.AutoConfiguration;
import org.springframework.boot.autoconfigure.condition.ConditionalOnBean;
import org.springframework.boot.autoconfigure.condition.ConditionalOnBooleanProperty;
import org.springframework.boot.autoconfigure.condition.ConditionalOnClass;
import org.springframework.boot.autoconfigure.condition.ConditionalOnMissingBean;
import org.springframework.cloud.client.ServiceInstance;
import org.springframework.cloud.client.loadbalancer.LoadBalancedRetryFactory;
import org.springframework.cloud.client.loadbalancer.LoadBalancedRetryPolicy;
import org.springframework.cloud.client.loadbalancer.ServiceInstanceChooser;
import org.springframework.cloud.client.loadbalancer.reactive.LoadBalancerRetryPolicy;
import org.springframework.cloud.client.loadbalancer.reactive.ReactiveLoadBalancer;
import org.springframework.cloud.client.loadbalancer.reactive.ReactorLoadBalancerClientAutoConfiguration;
import org.springframework.cloud.gateway.filter.GlobalFilter;
import org.springframework.cloud.gateway.server.mvc.handler.HandlerFunctionDefinition;
import org.springframework.cloud.loadbalancer.config.BlockingLoadBalancerClientAutoConfiguration;
import org.springframework.context.annotation.Bean;
import org.springframework.context.annotation.Configuration;
import org.springframework.retry.support.RetryTemplate;
import org.springframework.web.reactive.function.client.WebClient;

/**
 * Auto-configuration that retries calls to a dead instance on another one, wherever that
 * is safe.
 */
@AutoConfiguration(after = EtcdDiscoveryAutoConfiguration.class,
		before = { BlockingLoadBalancerClientAutoConfiguration.class,
				ReactorLoadBalancerClientAutoConfiguration.class })
@ConditionalOnClass(BlockingLoadBalancerClientAutoConfiguration.class)
@ConditionalOnBean(ServiceCatalog.class)
@ConditionalOnBooleanProperty(name = { "spring.cloud.loadbalancer.enabled", "spring.cloud.loadbalancer.retry.enabled",
		"spring.cloud.etcd.loadbalancer.enabled" }, matchIfMissing = true)
public final class EtcdLoadBalancerRetryAutoConfiguration {

	@Configuration(proxyBeanMethods = false)
	@ConditionalOnClass(RetryTemplate.class)
	static class BlockingRetryConfiguration {

		@Bean
		@ConditionalOnMissingBean
		LoadBalancedRetryFactory etcdLoadBalancedRetryFactory(ReactiveLoadBalancer.Factory<ServiceInstance> factory) {
			return new LoadBalancedRetryFactory() {

				@Override
				public LoadBalancedRetryPolicy createRetryPolicy(String service, ServiceInstanceChooser chooser) {
					return new SafeRetryPolicy(Objects.requireNonNull(factory.getProperties(service)));
				}

			};
		}

	}

	@Configuration(proxyBeanMethods = false)
	@ConditionalOnClass(WebClient.class)
	static class ReactiveRetryConfiguration {

		@Bean
		@ConditionalOnMissingBean
		LoadBalancerRetryPolicy.Factory etcdLoadBalancerRetryPolicyFactory(
				ReactiveLoadBalancer.Factory<ServiceInstance> factory) {
			return (service) -> new SafeReactiveRetryPolicy(Objects.requireNonNull(factory.getProperties(service)));
		}

	}

	@Configuration(proxyBeanMethods = false)
	@ConditionalOnClass(GlobalFilter.class)
	static class GatewayRetryConfiguration {

		@Bean
		@ConditionalOnMissingBean
		GatewayRetryFilter etcdGatewayRetryFilter(ReactiveLoadBalancer.Factory<ServiceInstance> factory) {
			return new GatewayRetryFilter(factory);
		}

	}

	@Configuration(proxyBeanMethods = false)
	@ConditionalOnClass(HandlerFunctionDefinition.class)
	static class GatewayMvcRetryConfiguration {

		@Bean
		static GatewayMvcRetryPostProcessor etcdGatewayMvcRetryPostProcessor(
				ObjectProvider<ReactiveLoadBalancer.Factory<ServiceInstance>> factory) {
			return new GatewayMvcRetryPostProcessor(factory);
		}

		@Bean
		@ConditionalOnMissingBean
		GatewayMvcRetryFilter etcdGatewayMvcRetryFilter() {
			return new GatewayMvcRetryFilter();
		}

	}

}
