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
 * Hears the goodbyes in the answers to load-balanced calls, blocking and reactive.
 */
public final class FarewellListener implements LoadBalancerLifecycle<Object, Object, ServiceInstance> {

	private static final boolean FUNCTIONAL = ClassUtils
		.isPresent("org.springframework.web.servlet.function.ServerResponse", FarewellListener.class.getClassLoader());

	private final ServiceCatalog catalog;

	/**
	 * Create a listener.
	 * @param catalog is told who leaves
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
	 * By the address, since a gateway wraps the instance that it has called and does not
	 * tell its id.
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
	 * Tells its own answer, not the one that it has got; the headers are there already.
	 */
	private static final class BlockingGateway {

		static @Nullable HttpHeaders headers(@Nullable Object answer) {
			return (answer instanceof ServerResponse response) ? response.headers() : null;
		}

	}

}
