package io.github.etcddiscovery.discovery;

import java.util.List;
import java.util.function.Supplier;

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
		return whenKnown(() -> this.catalog.instances(serviceId));
	}

	@Override
	public Flux<String> getServices() {
		return whenKnown(this.catalog::services);
	}

	private <T> Flux<T> whenKnown(Supplier<List<T>> answer) {
		return Flux.defer(() -> {
			if (this.catalog.isKnown()) {
				return Flux.fromIterable(answer.get());
			}
			return Mono.fromFuture(this.catalog::known, true)
				.thenMany(Flux.defer(() -> Flux.fromIterable(answer.get())));
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
