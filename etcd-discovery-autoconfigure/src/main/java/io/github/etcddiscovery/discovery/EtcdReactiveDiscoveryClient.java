package io.github.etcddiscovery.discovery;

import reactor.core.publisher.Flux;
import reactor.core.publisher.Mono;

import org.springframework.cloud.client.ServiceInstance;
import org.springframework.cloud.client.discovery.ReactiveDiscoveryClient;

/**
 * A {@link ReactiveDiscoveryClient} that answers from memory, never blocks and never
 * fails on account of etcd. Before the first synchronisation the answer comes when there
 * is one, within a bounded time. Safe for use by any thread.
 */
public class EtcdReactiveDiscoveryClient implements ReactiveDiscoveryClient {

	private final ServiceCatalog catalog;

	private final int order;

	/**
	 * Create a client.
	 * @param catalog what it answers from
	 * @param order its place among other discovery clients
	 */
	public EtcdReactiveDiscoveryClient(ServiceCatalog catalog, int order) {
		this.catalog = catalog;
		this.order = order;
	}

	@Override
	public String description() {
		return "Spring Cloud etcd Reactive Discovery Client";
	}

	@Override
	public Flux<ServiceInstance> getInstances(String serviceId) {
		return Flux.defer(() -> {
			if (this.catalog.isKnown(serviceId)) {
				return Flux.fromIterable(this.catalog.instances(serviceId));
			}
			return Mono.fromFuture(() -> this.catalog.known(serviceId), true)
				.thenMany(Flux.defer(() -> Flux.fromIterable(this.catalog.instances(serviceId))));
		});
	}

	@Override
	public Flux<String> getServices() {
		return Flux.defer(() -> {
			if (this.catalog.isKnown()) {
				return Flux.fromIterable(this.catalog.services());
			}
			return Mono.fromFuture(this.catalog::known, true)
				.thenMany(Flux.defer(() -> Flux.fromIterable(this.catalog.services())));
		});
	}

	@Override
	public Mono<Void> reactiveProbe() {
		return Mono.empty();
	}

	@Override
	public int getOrder() {
		return this.order;
	}

}
