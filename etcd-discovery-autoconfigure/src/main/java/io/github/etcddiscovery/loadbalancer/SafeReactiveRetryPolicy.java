package io.github.etcddiscovery.loadbalancer;

import org.jspecify.annotations.Nullable;

import org.springframework.cloud.client.loadbalancer.LoadBalancerProperties;
import org.springframework.cloud.client.loadbalancer.reactive.RetryableExchangeFilterFunctionLoadBalancerRetryPolicy;
import org.springframework.cloud.client.loadbalancer.reactive.RetryableStatusCodeException;
import org.springframework.web.reactive.function.client.WebClientRequestException;

/**
 * Spring Cloud's retry policy for reactive clients, kept to the same rule as that for
 * blocking ones. By itself it looks at the method of a request only where the answer has
 * a status to retry on: after an exception it would send a {@code POST} again that the
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
	 * Also asked about the cause of each exception, which does not tell the method: so
	 * only the exception of the client itself can be retried.
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
