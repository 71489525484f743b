package io.github.etcddiscovery.loadbalancer;

import java.time.Duration;
import java.util.ArrayList;
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

	private volatile @Nullable Choice last;

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
	 * Leave new instances out of a choice, by chance. One throw decides about all, so
	 * that the younger of two is left out as often, and the older one never without it.
	 * @param instances the instances to choose from
	 * @param registered all current instances of the service
	 * @return the remaining instances, or all if none would remain
	 */
	List<ServiceInstance> withoutSomeNew(List<ServiceInstance> instances, List<ServiceInstance> registered) {
		if (registered != this.seen) {
			see(registered);
		}
		long now = this.nanoTime.getAsLong();
		if (now - this.newest >= this.duration) {
			return instances;
		}
		Choice choice = this.last;
		if (choice == null || choice.instances() != instances || choice.registered() != registered) {
			choice = choice(instances, registered, now);
			this.last = choice;
		}
		return choice.within((long) (this.random.getAsDouble() * this.duration), now);
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

	/**
	 * How often an instance is chosen, in comparison with one that is not new.
	 * @return at least 0; 1 and more if it is not new
	 */
	double share(ServiceInstance instance) {
		Long since = this.firstSeen.get(RotationSupplier.address(instance));
		return (since != null) ? (double) (this.nanoTime.getAsLong() - since) / this.duration : 1;
	}

	private Choice choice(List<ServiceInstance> instances, List<ServiceInstance> registered, long now) {
		List<ServiceInstance> byAge = new ArrayList<>(instances.size());
		List<Newcomer> newcomers = new ArrayList<>();
		for (ServiceInstance instance : instances) {
			Long since = this.firstSeen.get(RotationSupplier.address(instance));
			if (since != null && now - since < this.duration) {
				newcomers.add(new Newcomer(instance, since));
			}
			else {
				byAge.add(instance);
			}
		}
		newcomers.sort((one, other) -> Long.signum(one.since() - other.since()));
		newcomers.forEach((newcomer) -> byAge.add(newcomer.instance()));
		return new Choice(instances, registered, List.copyOf(byAge),
				newcomers.stream().mapToLong(Newcomer::since).toArray());
	}

	private record Newcomer(ServiceInstance instance, long since) {
	}

	/**
	 * Instances to choose from, among those that were registered.
	 *
	 * @param byAge the same instances, those that were new last, the youngest at the end
	 * @param since when these were first seen
	 */
	private record Choice(List<ServiceInstance> instances, List<ServiceInstance> registered,
			List<ServiceInstance> byAge, long[] since) {

		/**
		 * The instances that have been known for longer than a given time; all if there
		 * are none.
		 */
		List<ServiceInstance> within(long time, long now) {
			int left = this.since.length;
			while (left > 0 && now - this.since[left - 1] <= time) {
				left--;
			}
			int size = this.byAge.size() - this.since.length + left;
			return (size == 0 || left == this.since.length) ? this.instances : this.byAge.subList(0, size);
		}

	}

}
