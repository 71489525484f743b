package io.github.etcddiscovery.loadbalancer;

import io.github.etcddiscovery.discovery.ServiceCatalog;

import org.springframework.cloud.client.ServiceInstance;
import org.springframework.cloud.client.loadbalancer.CompletionContext;
import org.springframework.cloud.client.loadbalancer.LoadBalancerLifecycle;
import org.springframework.cloud.client.loadbalancer.Request;
import org.springframework.cloud.client.loadbalancer.Response;
import org.springframework.cloud.client.loadbalancer.ResponseData;

/**
 * Hears the goodbyes in the answers to load-balanced calls, blocking and reactive.
 */
public final class FarewellListener implements LoadBalancerLifecycle<Object, Object, ServiceInstance> {

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
		if (completionContext.getClientResponse() instanceof ResponseData answer && chosen != null
				&& chosen.getServer() != null) {
			String farewell = answer.getHeaders().getFirst(Farewell.HEADER);
			if (farewell != null) {
				heard(farewell, chosen.getServer());
			}
		}
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
					&& Farewell.of(instance).equals(farewell))
			.forEach((instance) -> this.catalog.leaves(instance.getServiceId(),
					String.valueOf(instance.getInstanceId())));
	}

}
