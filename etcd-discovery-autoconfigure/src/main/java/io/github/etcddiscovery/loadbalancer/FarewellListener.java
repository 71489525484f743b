package io.github.etcddiscovery.loadbalancer;

import io.github.etcddiscovery.discovery.ServiceCatalog;
import org.jspecify.annotations.Nullable;

import org.springframework.cloud.client.ServiceInstance;
import org.springframework.cloud.client.loadbalancer.CompletionContext;
import org.springframework.cloud.client.loadbalancer.LoadBalancerLifecycle;
import org.springframework.cloud.client.loadbalancer.Request;
import org.springframework.cloud.client.loadbalancer.Response;
import org.springframework.cloud.client.loadbalancer.ResponseData;
import org.springframework.http.HttpHeaders;
import org.springframework.util.ClassUtils;
import org.springframework.web.servlet.function.ServerResponse;

/**
 * Reads the goodbyes in the answers to load-balanced calls, blocking and reactive.
 */
public final class FarewellListener implements LoadBalancerLifecycle<Object, Object, ServiceInstance> {

	private static final boolean FUNCTIONAL = ClassUtils
		.isPresent("org.springframework.web.servlet.function.ServerResponse", FarewellListener.class.getClassLoader());

	private final ServiceCatalog catalog;

	/**
	 * Create a listener.
	 * @param catalog is told which instances are leaving
	 */
	public FarewellListener(ServiceCatalog catalog) {
		this.catalog = catalog;
	}

	@Override
	@SuppressWarnings("rawtypes")
	public boolean supports(Class requestContextClass, Class responseClass, Class serverTypeClass) {
		return ServiceInstance.class == serverTypeClass;
	}

	@Override
	public void onStart(Request<Object> request) {
	}

	@Override
	public void onStartRequest(Request<Object> request, Response<ServiceInstance> lbResponse) {
	}

	@Override
	public void onComplete(CompletionContext<Object, ServiceInstance, Object> completionContext) {
		Response<ServiceInstance> chosen = completionContext.getLoadBalancerResponse();
		HttpHeaders headers = headers(completionContext.getClientResponse());
		if (headers != null && chosen != null && chosen.getServer() != null) {
			String farewell = headers.getFirst(Farewell.HEADER);
			if (farewell != null) {
				heard(farewell, chosen.getServer());
			}
		}
	}

	private static @Nullable HttpHeaders headers(@Nullable Object answer) {
		if (answer instanceof ResponseData data) {
			return data.getHeaders();
		}
		return FUNCTIONAL ? BlockingGateway.headers(answer) : null;
	}

	/**
	 * Find the instance by its address, since a gateway wraps the instance that it called
	 * and hides the id.
	 */
	private void heard(String farewell, ServiceInstance called) {
		String address = RotationSupplier.address(called);
		this.catalog.instances(called.getServiceId())
			.stream()
			.filter((instance) -> RotationSupplier.address(instance).equals(address)
					&& Farewell.isOf(instance, this.catalog.prefixes(), farewell))
			.forEach((instance) -> this.catalog.leaves(instance.getServiceId(),
					String.valueOf(instance.getInstanceId())));
	}

	/**
	 * The blocking gateway passes the response that it writes, not the one that it
	 * received. That response already has the headers of the received one.
	 */
	private static final class BlockingGateway {

		static @Nullable HttpHeaders headers(@Nullable Object answer) {
			return (answer instanceof ServerResponse response) ? response.headers() : null;
		}

	}

}
