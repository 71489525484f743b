package io.github.etcddiscovery.loadbalancer;

import java.util.List;
import java.util.Set;
import java.util.function.Predicate;
import java.util.stream.Collectors;

import org.jspecify.annotations.Nullable;
import reactor.core.publisher.Flux;
import reactor.core.publisher.Mono;

import org.springframework.cloud.client.ServiceInstance;
import org.springframework.cloud.client.loadbalancer.DefaultRequest;
import org.springframework.cloud.client.loadbalancer.Request;
import org.springframework.cloud.loadbalancer.core.BlockingApiVersionServiceInstanceListSupplier;
import org.springframework.cloud.loadbalancer.core.DelegatingServiceInstanceListSupplier;
import org.springframework.cloud.loadbalancer.core.HealthCheckServiceInstanceListSupplier;
import org.springframework.cloud.loadbalancer.core.ReactiveApiVersionServiceInstanceListSupplier;
import org.springframework.cloud.loadbalancer.core.ServiceInstanceListSupplier;

/**
 * The instances of a service that are in rotation for a request: those that the suppliers
 * around which it is put have chosen, except the one that the request has already been
 * sent to, those that are ejected and some that are new. If the suppliers prefer
 * instances that are all out of rotation, such as that of a session, the others come in.
 * If all are, all are served: a list is emptied by nothing here.
 */
final class RotationSupplier extends DelegatingServiceInstanceListSupplier {

	private final boolean avoidTried;

	private final @Nullable Ejections ejections;

	private final @Nullable SlowStart slowStart;

	private final @Nullable ServiceInstanceListSupplier registered;

	/**
	 * Create a supplier.
	 * @param delegate the suppliers to choose from
	 * @param avoidTried whether a request that is tried again is to go elsewhere
	 * @param ejections the instances that are ejected, if any ever are
	 * @param slowStart leaves new instances out now and then, if anybody does
	 */
	RotationSupplier(ServiceInstanceListSupplier delegate, boolean avoidTried, @Nullable Ejections ejections,
			@Nullable SlowStart slowStart) {
		super(delegate);
		this.avoidTried = avoidTried;
		this.ejections = ejections;
		this.slowStart = slowStart;
		// Health checks repeat what was registered when they began
		this.registered = (slowStart != null || isHealthChecked(delegate)) ? innermost(delegate) : null;
	}

	private static boolean isHealthChecked(ServiceInstanceListSupplier supplier) {
		return supplier instanceof HealthCheckServiceInstanceListSupplier
				|| supplier instanceof DelegatingServiceInstanceListSupplier around
						&& isHealthChecked(around.getDelegate());
	}

	private static ServiceInstanceListSupplier innermost(ServiceInstanceListSupplier supplier) {
		return (supplier instanceof DelegatingServiceInstanceListSupplier around) ? innermost(around.getDelegate())
				: supplier;
	}

	@Override
	public Flux<List<ServiceInstance>> get() {
		return get(new DefaultRequest<>());
	}

	@Override
	@SuppressWarnings("rawtypes")
	public Flux<List<ServiceInstance>> get(Request request) {
		Predicate<ServiceInstance> avoided = avoided(request);
		if (this.registered != null) {
			return this.registered.get()
				.next()
				.flatMap((current) -> inRotation(request, isMissing(current, avoided))
					.map((instances) -> withoutSomeNew(instances, current)))
				.flux();
		}
		return (avoided != null) ? inRotation(request, avoided).flux() : this.delegate.get(request);
	}

	private @Nullable Predicate<ServiceInstance> avoided(Request<?> request) {
		ServiceInstance tried = this.avoidTried ? TriedInstances.of(request) : null;
		Predicate<ServiceInstance> isTried = (tried != null) ? (instance) -> address(instance).equals(address(tried))
				: null;
		if (this.ejections == null || this.ejections.isEmpty()) {
			return isTried;
		}
		return (isTried != null) ? isTried.or(this.ejections::contains) : this.ejections::contains;
	}

	private static Predicate<ServiceInstance> isMissing(List<ServiceInstance> registered,
			@Nullable Predicate<ServiceInstance> or) {
		Set<String> addresses = registered.stream().map(RotationSupplier::address).collect(Collectors.toSet());
		Predicate<ServiceInstance> isMissing = (instance) -> !addresses.contains(address(instance));
		return (or != null) ? isMissing.or(or) : isMissing;
	}

	private Mono<List<ServiceInstance>> inRotation(Request<?> request, Predicate<ServiceInstance> avoided) {
		return this.delegate.get(request)
			.next()
			.flatMap((instances) -> instances.isEmpty() ? Mono.just(instances)
					: without(avoided, instances, this.delegate, request).defaultIfEmpty(instances));
	}

	/**
	 * Nothing if all are avoided. Otherwise those that are not, among the instances or,
	 * if there are none, among all that the supplier had to choose them from.
	 */
	private static Mono<List<ServiceInstance>> without(Predicate<ServiceInstance> avoided,
			List<ServiceInstance> instances, ServiceInstanceListSupplier supplier, Request<?> request) {
		List<ServiceInstance> others = instances.stream().filter(avoided.negate()).toList();
		if (!others.isEmpty()) {
			return Mono.just(others);
		}
		if (!demands(supplier) && supplier instanceof DelegatingServiceInstanceListSupplier around) {
			ServiceInstanceListSupplier next = around.getDelegate();
			return next.get(request).next().flatMap((wider) -> without(avoided, wider, next, request));
		}
		return Mono.empty();
	}

	/**
	 * The others prefer. Instances of another version of an API are no substitute.
	 */
	private static boolean demands(ServiceInstanceListSupplier supplier) {
		return supplier instanceof BlockingApiVersionServiceInstanceListSupplier
				|| supplier instanceof ReactiveApiVersionServiceInstanceListSupplier;
	}

	private List<ServiceInstance> withoutSomeNew(List<ServiceInstance> instances, List<ServiceInstance> registered) {
		return (this.slowStart != null) ? this.slowStart.withoutSomeNew(instances, registered) : instances;
	}

	/**
	 * What a connection is made to. Gateways wrap the instances that they are given, so
	 * they can't be compared themselves.
	 */
	static String address(ServiceInstance instance) {
		return instance.getHost() + ":" + instance.getPort();
	}

}
