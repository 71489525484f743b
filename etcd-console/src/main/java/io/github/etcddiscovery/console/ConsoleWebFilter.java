package io.github.etcddiscovery.console;

import reactor.core.publisher.Mono;

import org.springframework.http.HttpHeaders;
import org.springframework.http.HttpStatus;
import org.springframework.http.server.reactive.ServerHttpRequest;
import org.springframework.http.server.reactive.ServerHttpResponse;
import org.springframework.security.web.server.csrf.CsrfToken;
import org.springframework.web.server.ServerWebExchange;
import org.springframework.web.server.WebFilter;
import org.springframework.web.server.WebFilterChain;

/**
 * The {@link ConsoleFilter} for WebFlux.
 */
final class ConsoleWebFilter implements WebFilter {

	private final ConsoleHeaders headers;

	ConsoleWebFilter(ConsoleHeaders headers) {
		this.headers = headers;
	}

	@Override
	public Mono<Void> filter(ServerWebExchange exchange, WebFilterChain chain) {
		ServerHttpRequest request = exchange.getRequest();
		String path = request.getPath().pathWithinApplication().value();
		if (!this.headers.isConsole(path)) {
			return chain.filter(exchange);
		}
		ServerHttpResponse response = exchange.getResponse();
		ConsoleHeaders.ALL.forEach(response.getHeaders()::set);
		if (ConsoleHeaders.isForged(request.getMethod().name(),
				request.getHeaders().getFirst(ConsoleHeaders.REQUESTED_WITH))) {
			response.setStatusCode(HttpStatus.FORBIDDEN);
			return response.setComplete();
		}
		return this.headers.isCsrf(path) ? Csrf.tell(exchange).then(chain.filter(exchange)) : chain.filter(exchange);
	}

	/**
	 * Loaded only where Spring Security is present.
	 */
	private static final class Csrf {

		private static Mono<Void> tell(ServerWebExchange exchange) {
			Mono<CsrfToken> token = exchange.getAttribute(CsrfToken.class.getName());
			HttpHeaders headers = exchange.getResponse().getHeaders();
			return (token != null) ? token.doOnNext((known) -> {
				headers.set(ConsoleHeaders.CSRF_HEADER, known.getHeaderName());
				headers.set(ConsoleHeaders.CSRF_TOKEN, known.getToken());
			}).then() : Mono.empty();
		}

	}

}
