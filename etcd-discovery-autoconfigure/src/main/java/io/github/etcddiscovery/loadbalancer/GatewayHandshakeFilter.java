package io.github.etcddiscovery.loadbalancer;

import java.net.ConnectException;

import io.github.etcddiscovery.probe.AddressProbe;
import reactor.core.publisher.Mono;
import reactor.core.scheduler.Schedulers;

import org.springframework.cloud.client.ServiceInstance;
import org.springframework.cloud.client.loadbalancer.Response;
import org.springframework.cloud.gateway.filter.GatewayFilterChain;
import org.springframework.cloud.gateway.filter.GlobalFilter;
import org.springframework.cloud.gateway.support.ServerWebExchangeUtils;
import org.springframework.core.Ordered;
import org.springframework.web.server.ServerWebExchange;

/**
 * Probes the address of the instance that the reactive Spring Cloud Gateway has chosen
 * for a WebSocket. The gateway accepts a WebSocket before it connects to the instance,
 * and does not report a failure, so a retry would come too late. This filter comes right
 * before the one that accepts the WebSocket.
 */
public final class GatewayHandshakeFilter implements GlobalFilter, Ordered {

	private final AddressProbe probe;

	/**
	 * Create a filter.
	 * @param probe probes addresses
	 */
	public GatewayHandshakeFilter(AddressProbe probe) {
		this.probe = probe;
	}

	@Override
	public int getOrder() {
		return LOWEST_PRECEDENCE - 2;
	}

	@Override
	public Mono<Void> filter(ServerWebExchange exchange, GatewayFilterChain chain) {
		Response<ServiceInstance> chosen = exchange
			.getAttribute(ServerWebExchangeUtils.GATEWAY_LOADBALANCER_RESPONSE_ATTR);
		if (chosen == null || chosen.getServer() == null
				|| !"websocket".equalsIgnoreCase(exchange.getRequest().getHeaders().getUpgrade())) {
			return chain.filter(exchange);
		}
		ServiceInstance instance = chosen.getServer();
		return Mono.fromFuture(() -> this.probe.ask(instance.getHost(), instance.getPort()), true)
			.publishOn(Schedulers.parallel())
			.flatMap((answer) -> (answer == AddressProbe.Answer.REFUSED)
					? Mono.error(new ConnectException("Connection refused: " + instance)) : chain.filter(exchange));
	}

}
