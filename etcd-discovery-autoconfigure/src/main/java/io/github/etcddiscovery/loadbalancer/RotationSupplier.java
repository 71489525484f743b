package io.github.etcddiscovery.loadbalancer;

import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.function.Predicate;
import java.util.function.Supplier;
import java.util.function.UnaryOperator;
import java.util.stream.Collectors;

import io.github.etcddiscovery.instance.EtcdServiceInstance;
import org.apache.commons.logging.Log;
import org.apache.commons.logging.LogFactory;
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
 * Supplies the instances of a service that are in rotation for a request: those of the
 * wrapped suppliers, except the one to which the request was already sent, ejected
 * instances, instances that no client can call, and, by chance, some new instances. If
 * the suppliers prefer instances that are all out of rotation, such as the one of a
 * session, the others are supplied instead. If all are out of rotation, all are supplied:
 * this class never empties a list. With weights or {@code least-request}, only the chosen
 * instance is supplied.
 */
final class RotationSupplier extends DelegatingServiceInstanceListSupplier {

	private static final Log logger = LogFactory.getLog(RotationSupplier.class);

	private static final int MAX_REPORTS = 100;

	private final boolean avoidTried;

	private final @Nullable Ejections ejections;

	private final @Nullable SlowStart slowStart;

	private final UnaryOperator<List<ServiceInstance>> choice;

	private final Set<String> reported = ConcurrentHashMap.newKeySet();

	private final @Nullable ServiceInstanceListSupplier registered;

	private final Supplier<@Nullable List<ServiceInstance>> shortcut;

	private volatile @Nullable Rotation last;

	/**
	 * Create a supplier.
	 * @param delegate the suppliers to wrap
	 * @param avoidTried whether a retry goes to another instance
	 * @param ejections the ejected instances, or {@code null} if ejection is disabled
	 * @param slowStart leaves new instances out by chance, or {@code null} if slow start
	 * is disabled
	 * @param choice chooses among the instances in rotation
	 * @param shortcut what the suppliers would answer, without asking them; {@code null}
	 * if they have to be asked
	 */
	RotationSupplier(ServiceInstanceListSupplier delegate, boolean avoidTried, @Nullable Ejections ejections,
			@Nullable SlowStart slowStart, UnaryOperator<List<ServiceInstance>> choice,
			Supplier<@Nullable List<ServiceInstance>> shortcut) {
		super(delegate);
		this.avoidTried = avoidTried;
		this.ejections = ejections;
		this.slowStart = slowStart;
		this.choice = choice;
		this.shortcut = shortcut;
		// Health checks go on supplying the instances that were registered when they
		// began
		this.registered = (slowStart != null || isHealthChecked(delegate)) ? innermost(delegate) : null;
	}

	private static boolean isHealthChecked(ServiceInstanceListSupplier supplier) {
		return supplier instanceof HealthCheckServiceInstanceListSupplier
				|| supplier instanceof DelegatingServiceInstanceListSupplier around
						&& isHealthChecked(around.getDelegate());
	}

	/**
	 * The innermost supplier, which supplies all registered instances.
	 */
	static ServiceInstanceListSupplier innermost(ServiceInstanceListSupplier supplier) {
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
		return Flux.defer(() -> {
			List<ServiceInstance> known = this.shortcut.get();
			return (known != null && tried(request) == null) ? Flux.just(this.choice.apply(inRotation(known)))
					: askSuppliers(request);
		});
	}

	/**
	 * Both lists are the same objects until something changes, and then so is what is
	 * left of them.
	 */
	private List<ServiceInstance> inRotation(List<ServiceInstance> known) {
		Object ejected = (this.ejections != null) ? this.ejections.attend() : Map.of();
		Rotation rotation = this.last;
		if (rotation == null || rotation.known() != known || rotation.ejected() != ejected) {
			Predicate<ServiceInstance> avoided = avoided(null);
			List<ServiceInstance> rest = known.stream().noneMatch(avoided) ? known
					: known.stream().filter(avoided.negate()).toList();
			rotation = new Rotation(known, ejected, rest.isEmpty() ? known : rest);
			this.last = rotation;
		}
		return withoutSomeNew(rotation.rest(), known);
	}

	private Flux<List<ServiceInstance>> askSuppliers(Request<?> request) {
		Predicate<ServiceInstance> avoided = avoided(tried(request));
		Mono<List<ServiceInstance>> inRotation = (this.registered != null) ? this.registered.get()
			.next()
			.flatMap((current) -> inRotation(request, isMissing(current, avoided))
				.map((instances) -> withoutSomeNew(instances, current))) : inRotation(request, avoided);
		return inRotation.map(this.choice).flux();
	}

	private @Nullable ServiceInstance tried(Request<?> request) {
		return this.avoidTried ? TriedInstances.of(request) : null;
	}

	private Predicate<ServiceInstance> avoided(@Nullable ServiceInstance tried) {
		Predicate<ServiceInstance> avoided = this::isUncallable;
		if (tried != null) {
			avoided = avoided.or((instance) -> address(instance).equals(address(tried)));
		}
		return (this.ejections != null && !this.ejections.isEmpty()) ? avoided.or(this.ejections::contains) : avoided;
	}

	/**
	 * Whether Java's HTTP clients can't call the host, such as one with an underscore,
	 * which Docker's names may have.
	 */
	private boolean isUncallable(ServiceInstance instance) {
		if (!(instance instanceof EtcdServiceInstance) || instance.getUri().getHost() != null) {
			return false;
		}
		if (this.reported.size() < MAX_REPORTS && this.reported.add(address(instance))) {
			logger.warn("Passing over %s: Java's HTTP clients cannot call a host of that name. Register an IP address"
				.formatted(instance));
		}
		return true;
	}

	private static Predicate<ServiceInstance> isMissing(List<ServiceInstance> registered,
			Predicate<ServiceInstance> or) {
		Set<String> addresses = registered.stream().map(RotationSupplier::address).collect(Collectors.toSet());
		Predicate<ServiceInstance> isMissing = (instance) -> !addresses.contains(address(instance));
		return isMissing.or(or);
	}

	private Mono<List<ServiceInstance>> inRotation(Request<?> request, Predicate<ServiceInstance> avoided) {
		return this.delegate.get(request)
			.next()
			.flatMap((instances) -> instances.isEmpty() ? Mono.just(instances)
					: without(avoided, instances, this.delegate, request).defaultIfEmpty(instances));
	}

	/**
	 * The instances that are not avoided, or, if there are none, those of all instances
	 * that the supplier could choose from. Empty if all are avoided.
	 */
	private static Mono<List<ServiceInstance>> without(Predicate<ServiceInstance> avoided,
			List<ServiceInstance> instances, ServiceInstanceListSupplier supplier, Request<?> request) {
		if (instances.stream().noneMatch(avoided)) {
			return Mono.just(instances);
		}
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
	 * Whether the choice of a supplier is mandatory: instances of another version of an
	 * API are no substitute. Other suppliers only state a preference.
	 */
	private static boolean demands(ServiceInstanceListSupplier supplier) {
		return supplier instanceof BlockingApiVersionServiceInstanceListSupplier
				|| supplier instanceof ReactiveApiVersionServiceInstanceListSupplier;
	}

	private List<ServiceInstance> withoutSomeNew(List<ServiceInstance> instances, List<ServiceInstance> registered) {
		return (this.slowStart != null) ? this.slowStart.withoutSomeNew(instances, registered) : instances;
	}

	/**
	 * Host and port of an instance, for comparison. Instances themselves can't be
	 * compared, because gateways wrap them and a called IPv6 address is in brackets.
	 */
	static String address(ServiceInstance instance) {
		String host = instance.getHost();
		return (host.startsWith("[") ? host.substring(1, host.length() - 1) : host) + ":" + instance.getPort();
	}

	/**
	 * What is left of the instances of a service.
	 *
	 * @param known all of them
	 * @param ejected those that are ejected
	 * @param rest the others
	 */
	private record Rotation(List<ServiceInstance> known, Object ejected, List<ServiceInstance> rest) {
	}

}
