package io.github.etcddiscovery.loadbalancer;

import java.io.IOException;

import jakarta.servlet.Filter;
import jakarta.servlet.FilterChain;
import jakarta.servlet.ServletException;
import jakarta.servlet.ServletRequest;
import jakarta.servlet.ServletResponse;
import jakarta.servlet.http.HttpServletRequest;

import org.springframework.cloud.gateway.server.mvc.filter.FormFilter;
import org.springframework.core.Ordered;

/**
 * Tracks whether the body of a request of the blocking Spring Cloud Gateway has been
 * read. This filter comes right after the one that makes a new body for a form.
 */
public final class GatewayMvcRetryFilter implements Filter, Ordered {

	/**
	 * Create a filter.
	 */
	public GatewayMvcRetryFilter() {
	}

	@Override
	public void doFilter(ServletRequest request, ServletResponse response, FilterChain chain)
			throws IOException, ServletException {
		if (!(request instanceof HttpServletRequest http)) {
			chain.doFilter(request, response);
			return;
		}
		ProxiedRequest proxied = new ProxiedRequest(http);
		try {
			chain.doFilter(proxied, response);
		}
		finally {
			if (!proxied.isAsyncStarted()) {
				proxied.end(response);
			}
		}
	}

	@Override
	public int getOrder() {
		return FormFilter.FORM_FILTER_ORDER + 1;
	}

}
