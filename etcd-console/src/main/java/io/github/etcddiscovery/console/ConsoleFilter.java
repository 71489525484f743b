package io.github.etcddiscovery.console;

import java.io.IOException;

import jakarta.servlet.FilterChain;
import jakarta.servlet.ServletException;
import jakarta.servlet.http.HttpServletRequest;
import jakarta.servlet.http.HttpServletResponse;

import org.springframework.http.HttpStatus;
import org.springframework.security.web.csrf.CsrfToken;
import org.springframework.web.filter.OncePerRequestFilter;

/**
 * Adds security headers to every response of the console, and rejects changes that may
 * have been requested by another site.
 */
final class ConsoleFilter extends OncePerRequestFilter {

	private final ConsoleHeaders headers;

	ConsoleFilter(ConsoleHeaders headers) {
		this.headers = headers;
	}

	@Override
	protected boolean shouldNotFilter(HttpServletRequest request) {
		return !this.headers.isConsole(path(request));
	}

	private static String path(HttpServletRequest request) {
		return (request.getPathInfo() != null) ? request.getPathInfo() : request.getServletPath();
	}

	@Override
	protected void doFilterInternal(HttpServletRequest request, HttpServletResponse response, FilterChain chain)
			throws ServletException, IOException {
		ConsoleHeaders.ALL.forEach(response::setHeader);
		if (ConsoleHeaders.isForged(request.getMethod(), request.getHeader(ConsoleHeaders.REQUESTED_WITH))) {
			response.sendError(HttpStatus.FORBIDDEN.value());
			return;
		}
		if (this.headers.isCsrf(path(request))) {
			Csrf.tell(request, response);
		}
		chain.doFilter(request, response);
	}

	/**
	 * Loaded only where Spring Security is present.
	 */
	private static final class Csrf {

		private static void tell(HttpServletRequest request, HttpServletResponse response) {
			if (request.getAttribute(CsrfToken.class.getName()) instanceof CsrfToken token) {
				response.setHeader(ConsoleHeaders.CSRF_HEADER, token.getHeaderName());
				response.setHeader(ConsoleHeaders.CSRF_TOKEN, token.getToken());
			}
		}

	}

}
