package io.github.etcddiscovery.loadbalancer;

import java.util.Objects;

import org.springframework.cloud.client.ServiceInstance;
import org.springframework.cloud.client.loadbalancer.LoadBalancerProperties;
import org.springframework.cloud.client.loadbalancer.reactive.ReactiveLoadBalancer;
import org.springframework.http.HttpMethod;

/**
 * When a gateway retries a request, by the properties of Spring Cloud LoadBalancer's own
 * retries.
 *
 * @param retry the retry properties of the service
 * @param method the method of the request
 */
record GatewayRetry(LoadBalancerProperties.Retry retry, HttpMethod method) {

	/**
	 * The rules for a request to a service.
	 */
	static GatewayRetry of(ReactiveLoadBalancer.Factory<ServiceInstance> factory, String service, HttpMethod method) {
		return new GatewayRetry(Objects.requireNonNull(factory.getProperties(service)).getRetry(), method);
	}

	/**
	 * The largest number of retries.
	 */
	int most() {
		return this.retry.isEnabled() ? this.retry.getMaxRetriesOnNextServiceInstance() : 0;
	}

	/**
	 * Whether a retry after this failure is safe.
	 */
	boolean isAllowed(Throwable failure) {
		return NeverConnected.is(failure) || isOfThisMethod() && isOnException(failure);
	}

	private boolean isOfThisMethod() {
		return HttpMethod.GET.equals(this.method) || this.retry.isRetryOnAllOperations();
	}

	private boolean isOnException(Throwable failure) {
		return this.retry.isRetryOnAllExceptions() || this.retry.getRetryableExceptions()
			.stream()
			.anyMatch((type) -> type.isInstance(failure) || type.isInstance(failure.getCause()));
	}

}
