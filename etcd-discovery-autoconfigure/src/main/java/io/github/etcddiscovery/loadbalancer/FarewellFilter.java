package io.github.etcddiscovery.loadbalancer;

import java.io.IOException;

import io.github.etcddiscovery.registry.EtcdAutoServiceRegistration;
import io.github.etcddiscovery.registry.EtcdRegistration;
import jakarta.servlet.Filter;
import jakarta.servlet.FilterChain;
import jakarta.servlet.ServletException;
import jakarta.servlet.ServletRequest;
import jakarta.servlet.ServletResponse;
import jakarta.servlet.http.HttpServletResponse;

import org.springframework.core.Ordered;

/**
 * Adds the goodbye to the answers of a servlet application that is leaving.
 */
public final class FarewellFilter implements Filter, Ordered {

	private final EtcdAutoServiceRegistration autoRegistration;

	private final EtcdRegistration registration;

	/**
	 * Create a filter.
	 * @param autoRegistration knows whether the application is leaving
	 * @param registration identifies the application
	 */
	public FarewellFilter(EtcdAutoServiceRegistration autoRegistration, EtcdRegistration registration) {
		this.autoRegistration = autoRegistration;
		this.registration = registration;
	}

	@Override
	public void doFilter(ServletRequest request, ServletResponse response, FilterChain chain)
			throws IOException, ServletException {
		if (this.autoRegistration.isLeaving() && response instanceof HttpServletResponse answer) {
			answer.setHeader(Farewell.HEADER, Farewell.of(this.registration));
		}
		chain.doFilter(request, response);
	}

	@Override
	public int getOrder() {
		return HIGHEST_PRECEDENCE;
	}

}
