package io.github.etcddiscovery.loadbalancer;

import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.function.DoubleSupplier;
import java.util.function.LongSupplier;
import java.util.stream.Collectors;

import org.jspecify.annotations.Nullable;

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
	 * What was registered when it was looked at last. A list that changes is another
	 * object.
	 */
	private volatile @Nullable List<ServiceInstance> seen;

	/**
	 * When the newest was first seen.
	 */
	private volatile long newest;

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
		if (registered != this.seen) {
			see(registered);
		}
		if (this.nanoTime.getAsLong() - this.newest >= this.duration) {
			return instances;
		}
		List<ServiceInstance> rest = instances.stream()
			.filter((instance) -> this.random.getAsDouble() < share(instance))
			.toList();
		return rest.isEmpty() ? instances : rest;
	}

	private synchronized void see(List<ServiceInstance> registered) {
		Set<String> addresses = registered.stream().map(RotationSupplier::address).collect(Collectors.toSet());
		long now = this.nanoTime.getAsLong();
		long since = this.firstSeen.isEmpty() ? now - this.duration : now;
		for (String address : addresses) {
			if (this.firstSeen.putIfAbsent(address, since) == null) {
				this.newest = since;
			}
		}
		this.firstSeen.keySet().retainAll(addresses);
		this.seen = registered;
	}

	private double share(ServiceInstance instance) {
		Long since = this.firstSeen.get(RotationSupplier.address(instance));
		return (since != null) ? (double) (this.nanoTime.getAsLong() - since) / this.duration : 1;
	}

}
