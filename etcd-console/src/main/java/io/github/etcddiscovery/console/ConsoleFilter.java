package io.github.etcddiscovery.console;

import java.io.IOException;

import jakarta.servlet.FilterChain;
import jakarta.servlet.ServletException;
import jakarta.servlet.http.HttpServletRequest;
import jakarta.servlet.http.HttpServletResponse;

import org.springframework.http.HttpStatus;
import org.springframework.web.filter.OncePerRequestFilter;

/**
 * Says with every answer of the console what the browser may do with it, and refuses
 * changes that another site may have asked for.
 */
final class ConsoleFilter extends OncePerRequestFilter {

	private final ConsoleHeaders headers;

	ConsoleFilter(ConsoleHeaders headers) {
		this.headers = headers;
	}

	@Override
	protected boolean shouldNotFilter(HttpServletRequest request) {
		String path = (request.getPathInfo() != null) ? request.getPathInfo() : request.getServletPath();
		return !this.headers.isConsole(path);
	}

	@Override
	protected void doFilterInternal(HttpServletRequest request, HttpServletResponse response, FilterChain chain)
			throws ServletException, IOException {
		ConsoleHeaders.ALL.forEach(response::setHeader);
		if (ConsoleHeaders.isForged(request.getMethod(), request.getHeader(ConsoleHeaders.REQUESTED_WITH))) {
			response.sendError(HttpStatus.FORBIDDEN.value());
			return;
		}
		chain.doFilter(request, response);
	}

}
