package io.github.etcddiscovery.console;

import reactor.core.publisher.Mono;

import org.springframework.http.HttpStatus;
import org.springframework.http.server.reactive.ServerHttpRequest;
import org.springframework.http.server.reactive.ServerHttpResponse;
import org.springframework.web.server.ServerWebExchange;
import org.springframework.web.server.WebFilter;
import org.springframework.web.server.WebFilterChain;

/**
 * The {@link ConsoleFilter} of WebFlux.
 */
final class ConsoleWebFilter implements WebFilter {

	private final ConsoleHeaders headers;

	ConsoleWebFilter(ConsoleHeaders headers) {
		this.headers = headers;
	}

	@Override
	public Mono<Void> filter(ServerWebExchange exchange, WebFilterChain chain) {
		ServerHttpRequest request = exchange.getRequest();
		if (!this.headers.isConsole(request.getPath().pathWithinApplication().value())) {
			return chain.filter(exchange);
		}
		ServerHttpResponse response = exchange.getResponse();
		ConsoleHeaders.ALL.forEach(response.getHeaders()::set);
		if (ConsoleHeaders.isForged(request.getMethod().name(),
				request.getHeaders().getFirst(ConsoleHeaders.REQUESTED_WITH))) {
			response.setStatusCode(HttpStatus.FORBIDDEN);
			return response.setComplete();
		}
		return chain.filter(exchange);
	}

}
