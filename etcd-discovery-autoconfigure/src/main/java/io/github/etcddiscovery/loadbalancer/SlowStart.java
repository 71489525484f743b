package io.github.etcddiscovery.loadbalancer;

import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.function.DoubleSupplier;
import java.util.function.LongSupplier;
import java.util.stream.Collectors;

import org.springframework.cloud.client.ServiceInstance;

/**
 * Leaves new instances of one service out of most choices at first, and out of fewer the
 * longer they have been known. Instances that existed when the service was first seen are
 * not new. Neither are those of a service that had no instance, since no other instance
 * could take their calls. Safe for use by any thread.
 */
final class SlowStart {

	private final long duration;

	private final LongSupplier nanoTime;

	private final DoubleSupplier random;

	private final Map<String, Long> firstSeen = new ConcurrentHashMap<>();

	/**
	 * Create the slow start of a service.
	 * @param duration how long an instance is new
	 * @param nanoTime a monotonic clock
	 * @param random returns numbers of at least 0 and less than 1
	 */
	SlowStart(Duration duration, LongSupplier nanoTime, DoubleSupplier random) {
		this.duration = duration.toNanos();
		this.nanoTime = nanoTime;
		this.random = random;
	}

	/**
	 * Leave new instances out of a choice, by chance.
	 * @param instances the instances to choose from
	 * @param registered all current instances of the service
	 * @return the remaining instances, or all if none would remain
	 */
	List<ServiceInstance> withoutSomeNew(List<ServiceInstance> instances, List<ServiceInstance> registered) {
		see(registered.stream().map(RotationSupplier::address).collect(Collectors.toSet()));
		List<ServiceInstance> rest = instances.stream()
			.filter((instance) -> this.random.getAsDouble() < share(instance))
			.toList();
		return rest.isEmpty() ? instances : rest;
	}

	private void see(Set<String> addresses) {
		long now = this.nanoTime.getAsLong();
		long since = this.firstSeen.isEmpty() ? now - this.duration : now;
		addresses.forEach((address) -> this.firstSeen.putIfAbsent(address, since));
		this.firstSeen.keySet().retainAll(addresses);
	}

	private double share(ServiceInstance instance) {
		Long since = this.firstSeen.get(RotationSupplier.address(instance));
		return (since != null) ? (double) (this.nanoTime.getAsLong() - since) / this.duration : 1;
	}

}
