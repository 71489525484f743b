package io.github.etcddiscovery.discovery;

import java.util.List;
import java.util.function.BooleanSupplier;

import io.github.etcddiscovery.instance.EtcdServiceInstance;

import org.springframework.cloud.client.ServiceInstance;
import org.springframework.cloud.client.discovery.DiscoveryClient;

/**
 * A {@link DiscoveryClient} that answers from memory and never fails because of etcd.
 * Only before the first synchronisation does a look-up wait, in bounded time and never on
 * an event loop, since an empty answer might be wrong. Safe for use by any thread.
 */
public class EtcdDiscoveryClient implements DiscoveryClient {

	private final ServiceCatalog catalog;

	private final BooleanSupplier mayBlock;

	private final int order;

	/**
	 * Create a client.
	 * @param catalog answers look-ups
	 * @param mayBlock whether the calling thread may block
	 * @param order the order of this client among other discovery clients
	 */
	public EtcdDiscoveryClient(ServiceCatalog catalog, BooleanSupplier mayBlock, int order) {
		this.catalog = catalog;
		this.mayBlock = mayBlock;
		this.order = order;
	}

	@Override
	public String description() {
		return "Spring Cloud etcd Discovery Client";
	}

	/**
	 * The instances of a service whose status is {@code UP}.
	 * @param serviceId the name of the service
	 * @return an immutable list, empty if the service is unknown
	 */
	@Override
	public List<ServiceInstance> getInstances(String serviceId) {
		awaitKnown(serviceId);
		return this.catalog.instances(serviceId);
	}

	/**
	 * All instances of a service, whatever their status.
	 * @param serviceId the name of the service
	 * @return an immutable list, empty if the service is unknown
	 */
	public List<EtcdServiceInstance> getRegisteredInstances(String serviceId) {
		awaitKnown(serviceId);
		return this.catalog.registeredInstances(serviceId);
	}

	@Override
	public List<String> getServices() {
		if (!this.catalog.isKnown() && this.mayBlock.getAsBoolean()) {
			this.catalog.await(this.catalog.known());
		}
		return this.catalog.services();
	}

	private void awaitKnown(String serviceId) {
		if (!this.catalog.isKnown(serviceId) && this.mayBlock.getAsBoolean()) {
			this.catalog.await(this.catalog.known(serviceId));
		}
	}

	/**
	 * Does nothing, since this client can answer whether or not etcd is available.
	 */
	@Override
	public void probe() {
	}

	@Override
	public int getOrder() {
		return this.order;
	}

}
