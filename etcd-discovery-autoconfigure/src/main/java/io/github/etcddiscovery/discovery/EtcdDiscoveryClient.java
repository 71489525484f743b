package io.github.etcddiscovery.discovery;

import java.util.List;
import java.util.function.BooleanSupplier;

import io.github.etcddiscovery.instance.EtcdServiceInstance;

import org.springframework.cloud.client.ServiceInstance;
import org.springframework.cloud.client.discovery.DiscoveryClient;

/**
 * A {@link DiscoveryClient} that answers from memory and never fails on account of etcd.
 * Only before the first synchronisation does a look-up wait, for a bounded time and not
 * on an event loop, since an answer of "none" would be a guess. Safe for use by any
 * thread.
 */
public class EtcdDiscoveryClient implements DiscoveryClient {

	private final ServiceCatalog catalog;

	private final BooleanSupplier mayBlock;

	private final int order;

	/**
	 * Create a client.
	 * @param catalog what it answers from
	 * @param mayBlock whether the calling thread can be made to wait
	 * @param order its place among other discovery clients
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
	 * The instances that want to be called: those whose status is {@code UP}.
	 * @param serviceId the name of the service
	 * @return an immutable list, empty if the service is not known
	 */
	@Override
	public List<ServiceInstance> getInstances(String serviceId) {
		awaitKnown(serviceId);
		return this.catalog.instances(serviceId);
	}

	/**
	 * All instances, also those that do not want to be called now.
	 * @param serviceId the name of the service
	 * @return an immutable list, empty if the service is not known
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
	 * Does nothing: the client is able to answer whether or not etcd is there.
	 */
	@Override
	public void probe() {
	}

	@Override
	public int getOrder() {
		return this.order;
	}

}
