package io.github.etcddiscovery.autoconfigure;

import io.github.etcddiscovery.discovery.EtcdDiscoveryClient;
import io.github.etcddiscovery.loadbalancer.GatewayMvcLocator;

import org.springframework.boot.autoconfigure.AutoConfiguration;
import org.springframework.boot.autoconfigure.condition.ConditionalOnBean;
import org.springframework.boot.autoconfigure.condition.ConditionalOnBooleanProperty;
import org.springframework.boot.autoconfigure.condition.ConditionalOnClass;
import org.springframework.boot.autoconfigure.condition.ConditionalOnMissingBean;
import org.springframework.boot.autoconfigure.condition.ConditionalOnWebApplication;
import org.springframework.boot.autoconfigure.condition.ConditionalOnWebApplication.Type;
import org.springframework.cloud.client.loadbalancer.LoadBalancerClient;
import org.springframework.cloud.gateway.server.mvc.handler.GatewayRouterFunctions;
import org.springframework.cloud.gateway.server.mvc.handler.ProxyExchangeHandlerFunction;
import org.springframework.context.annotation.Bean;

/**
 * Auto-configuration of a discovery locator for the blocking Spring Cloud Gateway.
 */
@AutoConfiguration(after = EtcdDiscoveryClientAutoConfiguration.class,
		afterName = "org.springframework.cloud.gateway.server.mvc.GatewayServerMvcAutoConfiguration")
@ConditionalOnClass({ GatewayRouterFunctions.class, LoadBalancerClient.class })
@ConditionalOnWebApplication(type = Type.SERVLET)
@ConditionalOnBean({ EtcdDiscoveryClient.class, ProxyExchangeHandlerFunction.class })
@ConditionalOnBooleanProperty("spring.cloud.etcd.gateway.locator.enabled")
public final class EtcdGatewayMvcLocatorAutoConfiguration {

	@Bean
	@ConditionalOnMissingBean
	GatewayMvcLocator etcdGatewayMvcLocator(EtcdDiscoveryClient discoveryClient) {
		return new GatewayMvcLocator(discoveryClient);
	}

}
