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
 * Knows where a request that is tried again has been sent before. The retries of Spring
 * Cloud LoadBalancer say so themselves. Those of Spring Cloud Gateway don't, but keep the
 * attributes of the request: there it is noted.
 */
final class TriedInstances implements LoadBalancerLifecycle<Object, Object, ServiceInstance> {

	/**
	 * The attribute of a request that says where it has been sent before.
	 */
	static final String ATTRIBUTE = TriedInstances.class.getName();

	/**
	 * The instance that the request was sent to last.
	 * @return the instance, or {@code null} for a request that is new
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
				// Those of a WebClient's request, which is not tried again
			}
		}
	}

	@Override
	public void onComplete(CompletionContext<Object, ServiceInstance, Object> context) {
	}

}
