package io.github.etcddiscovery.loadbalancer;

import java.util.Map;

import org.jspecify.annotations.Nullable;

import org.springframework.cloud.client.ServiceInstance;
import org.springframework.cloud.client.loadbalancer.CompletionContext;
import org.springframework.cloud.client.loadbalancer.LoadBalancerLifecycle;
import org.springframework.cloud.client.loadbalancer.Request;
import org.springframework.cloud.client.loadbalancer.RequestData;
import org.springframework.cloud.client.loadbalancer.RequestDataContext;
import org.springframework.cloud.client.loadbalancer.Response;
import org.springframework.cloud.client.loadbalancer.RetryableRequestContext;

/**
 * Knows to which instance a retried request was sent before. Retries of Spring Cloud
 * LoadBalancer carry that information themselves. Those of Spring Cloud Gateway don't,
 * but keep the attributes of the request, so this class stores the instance there.
 */
final class TriedInstances implements LoadBalancerLifecycle<Object, Object, ServiceInstance> {

	/**
	 * The attribute of a request with the instance to which it was sent before.
	 */
	static final String ATTRIBUTE = TriedInstances.class.getName();

	/**
	 * The instance to which a request was last sent.
	 * @return the instance, or {@code null} for a new request
	 */
	static @Nullable ServiceInstance of(Request<?> request) {
		if (request.getContext() instanceof RetryableRequestContext retryable) {
			return retryable.getPreviousServiceInstance();
		}
		Map<String, Object> attributes = attributes(request);
		Object tried = (attributes != null) ? attributes.get(ATTRIBUTE) : null;
		if (tried instanceof ProxiedRequest proxied) {
			return proxied.tried();
		}
		return (tried instanceof ServiceInstance instance) ? instance : null;
	}

	private static @Nullable Map<String, Object> attributes(Request<?> request) {
		RequestData data = (request.getContext() instanceof RequestDataContext context) ? context.getClientRequest()
				: null;
		return (data != null) ? data.getAttributes() : null;
	}

	@Override
	public void onStart(Request<Object> request) {
	}

	@Override
	public void onStartRequest(Request<Object> request, Response<ServiceInstance> response) {
		ServiceInstance chosen = response.getServer();
		Map<String, Object> attributes = attributes(request);
		if (chosen != null && attributes != null && !(request.getContext() instanceof RetryableRequestContext)) {
			if (attributes.get(ATTRIBUTE) instanceof ProxiedRequest proxied) {
				proxied.sentTo(chosen);
				return;
			}
			try {
				attributes.put(ATTRIBUTE, chosen);
			}
			catch (UnsupportedOperationException ex) {
				// The attributes of a WebClient's request are immutable; it is not
				// retried this way
			}
		}
	}

	@Override
	public void onComplete(CompletionContext<Object, ServiceInstance, Object> context) {
	}

}
