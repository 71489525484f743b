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
 * Says goodbye in the answers of a servlet application that leaves.
 */
public final class FarewellFilter implements Filter, Ordered {

	private final EtcdAutoServiceRegistration autoRegistration;

	private final EtcdRegistration registration;

	/**
	 * Create a filter.
	 * @param autoRegistration whether the application leaves
	 * @param registration what it is
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
