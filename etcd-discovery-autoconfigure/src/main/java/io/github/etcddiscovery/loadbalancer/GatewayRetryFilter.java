package io.github.etcddiscovery.loadbalancer;

import java.net.URI;

import reactor.core.publisher.Mono;
import reactor.util.retry.Retry;

import org.springframework.cloud.client.ServiceInstance;
import org.springframework.cloud.client.loadbalancer.reactive.ReactiveLoadBalancer;
import org.springframework.cloud.gateway.filter.GatewayFilterChain;
import org.springframework.cloud.gateway.filter.GlobalFilter;
import org.springframework.cloud.gateway.filter.ReactiveLoadBalancerClientFilter;
import org.springframework.cloud.gateway.support.ServerWebExchangeUtils;
import org.springframework.core.Ordered;
import org.springframework.web.server.ServerWebExchange;

/**
 * Makes the reactive Spring Cloud Gateway retry a request on another instance, for each
 * route to {@code lb://…}. This filter comes right before the one that chooses the
 * instance.
 */
public final class GatewayRetryFilter implements GlobalFilter, Ordered {

	private final ReactiveLoadBalancer.Factory<ServiceInstance> factory;

	/**
	 * Create a filter.
	 * @param factory knows the load balancer properties of each service
	 */
	public GatewayRetryFilter(ReactiveLoadBalancer.Factory<ServiceInstance> factory) {
		this.factory = factory;
	}

	@Override
	public int getOrder() {
		return ReactiveLoadBalancerClientFilter.LOAD_BALANCER_CLIENT_FILTER_ORDER - 1;
	}

	@Override
	public Mono<Void> filter(ServerWebExchange exchange, GatewayFilterChain chain) {
		URI url = exchange.getAttribute(ServerWebExchangeUtils.GATEWAY_REQUEST_URL_ATTR);
		if (url == null || !isBalanced(exchange, url)) {
			return chain.filter(exchange);
		}
		GatewayRetry rule = GatewayRetry.of(this.factory, url.getHost(), exchange.getRequest().getMethod());
		return Mono.defer(() -> chain.filter(exchange))
			.retryWhen(Retry.max(rule.most())
				.filter((failure) -> !exchange.getResponse().isCommitted() && rule.isAllowed(failure))
				.doBeforeRetry((signal) -> reset(exchange, url))
				.onRetryExhaustedThrow((spec, signal) -> signal.failure()));
	}

	private static boolean isBalanced(ServerWebExchange exchange, URI url) {
		String schemePrefix = exchange.getAttribute(ServerWebExchangeUtils.GATEWAY_SCHEME_PREFIX_ATTR);
		return "lb".equals(url.getScheme()) || "lb".equals(schemePrefix);
	}

	private static void reset(ServerWebExchange exchange, URI url) {
		ServerWebExchangeUtils.reset(exchange);
		exchange.getAttributes().put(ServerWebExchangeUtils.GATEWAY_REQUEST_URL_ATTR, url);
	}

}
