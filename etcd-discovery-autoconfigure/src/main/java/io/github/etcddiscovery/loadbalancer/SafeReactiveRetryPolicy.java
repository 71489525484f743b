package io.github.etcddiscovery.loadbalancer;

import org.jspecify.annotations.Nullable;

import org.springframework.cloud.client.loadbalancer.LoadBalancerProperties;
import org.springframework.cloud.client.loadbalancer.reactive.RetryableExchangeFilterFunctionLoadBalancerRetryPolicy;
import org.springframework.cloud.client.loadbalancer.reactive.RetryableStatusCodeException;
import org.springframework.web.reactive.function.client.WebClientRequestException;

/**
 * Spring Cloud's retry policy for reactive clients, with the same rule as for blocking
 * ones. Spring Cloud's own policy checks the method of a request only when it retries
 * because of a status. After an exception it would also repeat a {@code POST}, which the
 * first instance may have carried out.
 */
public final class SafeReactiveRetryPolicy extends RetryableExchangeFilterFunctionLoadBalancerRetryPolicy {

	/**
	 * Create a policy for a service.
	 * @param properties the properties of the service
	 */
	public SafeReactiveRetryPolicy(LoadBalancerProperties properties) {
		super(properties);
	}

	/**
	 * Whether to retry after an exception. Spring Cloud also passes the cause of each
	 * exception, which does not have the method, so only the exception of the client
	 * itself is retried.
	 */
	@Override
	public boolean retryableException(@Nullable Throwable throwable) {
		if (throwable instanceof WebClientRequestException request) {
			return super.retryableException(request)
					&& (canRetryOnMethod(request.getMethod()) || NeverConnected.is(request));
		}
		return throwable != null && isStatus(throwable) && super.retryableException(throwable);
	}

	private static boolean isStatus(Throwable throwable) {
		return throwable instanceof RetryableStatusCodeException;
	}

}
