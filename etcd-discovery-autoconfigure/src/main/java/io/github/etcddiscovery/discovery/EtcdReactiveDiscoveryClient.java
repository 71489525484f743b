package io.github.etcddiscovery.discovery;

import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.function.Supplier;

import reactor.core.publisher.Flux;
import reactor.core.publisher.FluxSink;
import reactor.core.publisher.Mono;
import reactor.core.scheduler.Schedulers;

import org.springframework.cloud.client.ServiceInstance;
import org.springframework.cloud.client.discovery.ReactiveDiscoveryClient;

/**
 * A {@link ReactiveDiscoveryClient} that answers from memory, never blocks and never
 * fails because of etcd. Before the first synchronisation, the answer is delayed in
 * bounded time until there is one. Safe for use by any thread.
 */
public class EtcdReactiveDiscoveryClient implements ReactiveDiscoveryClient {

	private final ServiceCatalog catalog;

	private final int order;

	/**
	 * Create a client.
	 * @param catalog answers look-ups
	 * @param order the order of this client among other discovery clients
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
				return now(serviceId);
			}
			return awaited(() -> this.catalog.known(serviceId)).thenMany(Flux.defer(() -> now(serviceId)));
		});
	}

	/**
	 * Of an array, since Reactor goes through a collection a tenth as fast.
	 */
	private Flux<ServiceInstance> now(String serviceId) {
		return Flux.fromArray(this.catalog.instances(serviceId).toArray(ServiceInstance[]::new));
	}

	/**
	 * The instances of a service whose status is {@code UP}, now and after each change. A
	 * slow subscriber skips to the latest list. The service is followed for as long as
	 * there is a subscriber.
	 * @param serviceId the name of the service
	 * @return immutable lists, the first as soon as the service is known, in bounded
	 * time; never completes and never fails because of etcd
	 */
	public Flux<List<ServiceInstance>> instanceChanges(String serviceId) {
		Flux<List<ServiceInstance>> changes = Flux.create((sink) -> {
			Following following = this.catalog.follow(serviceId, "a subscriber",
					() -> sink.next(this.catalog.instances(serviceId)));
			sink.onDispose(following::close);
			sink.next(this.catalog.instances(serviceId));
		}, FluxSink.OverflowStrategy.LATEST);
		return Flux
			.defer(() -> this.catalog.isKnown(serviceId) ? changes
					: awaited(() -> this.catalog.known(serviceId)).thenMany(changes))
			.publishOn(Schedulers.parallel(), 1)
			.distinctUntilChanged();
	}

	@Override
	public Flux<String> getServices() {
		return Flux.defer(() -> {
			if (this.catalog.isKnown()) {
				return Flux.fromIterable(this.catalog.services());
			}
			return awaited(this.catalog::known).thenMany(Flux.defer(() -> Flux.fromIterable(this.catalog.services())));
		});
	}

	/**
	 * Completes on a thread of Reactor, so that the subscriber's work does not block the
	 * catalog's loop.
	 */
	private static Mono<Void> awaited(Supplier<CompletableFuture<Void>> known) {
		return Mono.fromFuture(known, true).publishOn(Schedulers.parallel());
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
