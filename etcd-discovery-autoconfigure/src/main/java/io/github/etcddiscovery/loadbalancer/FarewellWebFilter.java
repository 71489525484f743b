package io.github.etcddiscovery.loadbalancer;

import io.github.etcddiscovery.registry.EtcdAutoServiceRegistration;
import io.github.etcddiscovery.registry.EtcdRegistration;
import reactor.core.publisher.Mono;

import org.springframework.core.Ordered;
import org.springframework.web.server.ServerWebExchange;
import org.springframework.web.server.WebFilter;
import org.springframework.web.server.WebFilterChain;

/**
 * Says goodbye in the answers of a reactive application that leaves.
 */
public final class FarewellWebFilter implements WebFilter, Ordered {

	private final EtcdAutoServiceRegistration autoRegistration;

	private final EtcdRegistration registration;

	/**
	 * Create a filter.
	 * @param autoRegistration whether the application leaves
	 * @param registration what it is
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
