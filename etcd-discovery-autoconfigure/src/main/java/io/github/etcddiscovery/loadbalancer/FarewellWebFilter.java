package io.github.etcddiscovery.loadbalancer;

import io.github.etcddiscovery.registry.EtcdAutoServiceRegistration;
import io.github.etcddiscovery.registry.EtcdRegistration;
import reactor.core.publisher.Mono;

import org.springframework.core.Ordered;
import org.springframework.web.server.ServerWebExchange;
import org.springframework.web.server.WebFilter;
import org.springframework.web.server.WebFilterChain;

/**
 * Adds the goodbye to the answers of a reactive application that is leaving.
 */
public final class FarewellWebFilter implements WebFilter, Ordered {

	private final EtcdAutoServiceRegistration autoRegistration;

	private final EtcdRegistration registration;

	/**
	 * Create a filter.
	 * @param autoRegistration knows whether the application is leaving
	 * @param registration identifies the application
	 */
	public FarewellWebFilter(EtcdAutoServiceRegistration autoRegistration, EtcdRegistration registration) {
		this.autoRegistration = autoRegistration;
		this.registration = registration;
	}

	@Override
	public Mono<Void> filter(ServerWebExchange exchange, WebFilterChain chain) {
		if (this.autoRegistration.isLeaving()) {
			exchange.getResponse().getHeaders().set(Farewell.HEADER, Farewell.of(this.registration));
		}
		return chain.filter(exchange);
	}

	@Override
	public int getOrder() {
		return HIGHEST_PRECEDENCE;
	}

}
