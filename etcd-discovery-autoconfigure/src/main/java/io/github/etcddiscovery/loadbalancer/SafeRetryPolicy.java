package io.github.etcddiscovery.loadbalancer;

import org.springframework.cloud.client.loadbalancer.LoadBalancedRetryContext;
import org.springframework.cloud.client.loadbalancer.LoadBalancerProperties;
import org.springframework.cloud.loadbalancer.blocking.retry.BlockingLoadBalancedRetryPolicy;

/**
 * Spring Cloud's retry policy for blocking clients, which retries {@code GET} requests.
 * This policy also retries any request whose connection was never made.
 */
public final class SafeRetryPolicy extends BlockingLoadBalancedRetryPolicy {

	/**
	 * Create a policy for one request.
	 * @param properties the properties of the service
	 */
	public SafeRetryPolicy(LoadBalancerProperties properties) {
		super(properties);
	}

	@Override
	public boolean canRetry(LoadBalancedRetryContext context) {
		return super.canRetry(context) || NeverConnected.is(context.getLastThrowable());
	}

}
