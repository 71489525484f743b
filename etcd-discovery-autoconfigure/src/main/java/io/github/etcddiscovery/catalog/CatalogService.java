package io.github.etcddiscovery.catalog;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collections;
import java.util.HashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.SortedMap;
import java.util.function.Predicate;

import io.github.etcddiscovery.instance.EtcdServiceInstance;
import io.github.etcddiscovery.instance.InstanceStatus;
import io.github.etcddiscovery.watch.Entry;
import org.jspecify.annotations.Nullable;

import org.springframework.cloud.client.ServiceInstance;

/**
 * The instances of one service: the readings by key, the keys that wait for a place, and
 * the absentees. Immutable.
 */
public final class CatalogService {

	static final CatalogService NONE = of(Readings.NONE, Map.of(), Absentees.NONE, (instance) -> true, Overrides.NONE);

	private final Readings readings;

	private final Map<String, Entry> waiting;

	private final Absentees absentees;

	private final Lists lists;

	/**
	 * The hashes of the instances' addresses, in ascending order. {@code null} if two
	 * instances may have the same address, or if a key does not have exactly one
	 * instance. A change then has to examine all instances.
	 */
	private final int @Nullable [] addresses;

	private final boolean management;

	private CatalogService(Readings readings, Map<String, Entry> waiting, Absentees absentees, Lists lists,
			int @Nullable [] addresses, boolean management) {
		this.readings = readings;
		this.waiting = waiting;
		this.absentees = absentees;
		this.lists = lists;
		this.addresses = addresses;
		this.management = management;
	}

	/**
	 * Create a service.
	 * @param readings the readings of all keys
	 * @param waiting the entries that wait for a place
	 * @param absentees the instances whose keys vanished
	 * @param wanted the filter for instances that may be called
	 * @param overrides the overrides of operators
	 */
	static CatalogService of(Readings readings, Map<String, Entry> waiting, Absentees absentees,
			Predicate<ServiceInstance> wanted, Overrides overrides) {
		List<EtcdServiceInstance> registered = new ArrayList<>(readings.size());
		List<EtcdServiceInstance> callable = new ArrayList<>(readings.size());
		List<EtcdServiceInstance> held = absentees.held();
		int[] addresses = addresses(readings);
		Map<Address, Long> lastWords = (addresses != null) ? Map.of() : lastWords(readings);
		for (Reading reading : readings.values()) {
			for (EtcdServiceInstance written : reading.instances()) {
				EtcdServiceInstance instance = overrides.apply(written);
				registered.add(instance);
				boolean last = addresses != null || lastWords.remove(Address.of(written), age(reading, written));
				if (last && isCallable(instance, wanted)) {
					callable.add(instance);
				}
			}
		}
		boolean plain = held.isEmpty() && registered.size() == readings.size();
		for (EtcdServiceInstance vanished : held) {
			EtcdServiceInstance instance = overrides.apply(vanished);
			registered.add(instance);
			if (isCallable(instance, wanted)) {
				callable.add(instance);
			}
		}
		return new CatalogService(readings, waiting, absentees,
				Lists.of(array(registered), array(callable),
						array(callable.stream().filter((instance) -> !instance.isGrpcOnly()).toList())),
				plain ? addresses : null, registered.stream().allMatch(EtcdServiceInstance::isManagement));
	}

	/**
	 * Apply changes to the service. The cost grows with the number of instances only by
	 * the copy of references, unless two instances have the same address.
	 * @param changes the new reading of each changed key, or {@code null} if it has none
	 * @param waiting the entries that wait for a place
	 * @param absentees the instances whose keys vanished
	 * @param wanted the filter for instances that may be called
	 * @param overrides the overrides of operators, which have not changed
	 */
	CatalogService with(SortedMap<String, @Nullable Reading> changes, Map<String, Entry> waiting, Absentees absentees,
			Predicate<ServiceInstance> wanted, Overrides overrides) {
		Patch<Reading> patch = this.readings.patch(changes);
		return with(patch, this.readings.with(patch), waiting, absentees, wanted, overrides);
	}

	/**
	 * The service with other absentees.
	 */
	CatalogService with(Absentees absentees, Predicate<ServiceInstance> wanted, Overrides overrides) {
		return with(Collections.emptySortedMap(), this.waiting, absentees, wanted, overrides);
	}

	CatalogService with(Patch<Reading> patch, Readings after, Map<String, Entry> waiting, Absentees absentees,
			Predicate<ServiceInstance> wanted, Overrides overrides) {
		int[] addresses = absentees.held().isEmpty() ? addressesAfter(patch) : null;
		if (addresses == null) {
			return of(after, waiting, absentees, wanted, overrides);
		}
		if (patch.isEmpty()) {
			return new CatalogService(after, waiting, absentees, this.lists, addresses, this.management);
		}
		List<@Nullable EtcdServiceInstance> next = new ArrayList<>(patch.next().size());
		for (Reading reading : patch.next()) {
			next.add((reading != null) ? overrides.apply(reading.instances().get(0)) : null);
		}
		Lists lists = this.lists.with(new Patch<>(patch.places(), next), (instance) -> isCallable(instance, wanted));
		boolean management = this.management
				&& next.stream().allMatch((instance) -> instance == null || instance.isManagement());
		return new CatalogService(after, waiting, absentees, lists, addresses,
				management || lists.registered.stream().allMatch(EtcdServiceInstance::isManagement));
	}

	private static EtcdServiceInstance[] array(List<EtcdServiceInstance> instances) {
		return instances.toArray(EtcdServiceInstance[]::new);
	}

	private static boolean isCallable(EtcdServiceInstance instance, Predicate<ServiceInstance> wanted) {
		return instance.getStatus() == InstanceStatus.UP && wanted.test(instance);
	}

	/**
	 * The hashes of all addresses in ascending order, or {@code null} if two are equal.
	 */
	private static int @Nullable [] addresses(Readings readings) {
		return unique(readings.values()
			.stream()
			.flatMap((reading) -> reading.instances().stream())
			.mapToInt(Address::hash)
			.toArray());
	}

	/**
	 * The hashes of all addresses after a change, or {@code null} if two are equal or a
	 * key does not have exactly one instance.
	 */
	private int @Nullable [] addressesAfter(Patch<Reading> patch) {
		if (this.addresses == null) {
			return null;
		}
		int[] gone = new int[patch.next().size()];
		int[] added = new int[patch.next().size()];
		int goneCount = 0;
		int addedCount = 0;
		for (int i = 0; i < added.length; i++) {
			Reading next = patch.next().get(i);
			if (next != null && next.instances().size() != 1) {
				return null;
			}
			Reading before = this.readings.at(patch.replaced(i));
			int goneHash = (before != null) ? Address.hash(before.instances().get(0)) : 0;
			int nextHash = (next != null) ? Address.hash(next.instances().get(0)) : 0;
			if (before == null || next == null || goneHash != nextHash) {
				if (before != null) {
					gone[goneCount++] = goneHash;
				}
				if (next != null) {
					added[addedCount++] = nextHash;
				}
			}
		}
		if (goneCount == 0 && addedCount == 0) {
			return this.addresses;
		}
		gone = Arrays.copyOf(gone, goneCount);
		Arrays.sort(gone);
		int[] after = new int[this.addresses.length - goneCount + addedCount];
		int to = 0;
		int skipped = 0;
		for (int hash : this.addresses) {
			if (skipped < goneCount && gone[skipped] == hash) {
				skipped++;
			}
			else {
				after[to++] = hash;
			}
		}
		System.arraycopy(added, 0, after, to, addedCount);
		return unique(after);
	}

	private static int @Nullable [] unique(int[] hashes) {
		Arrays.sort(hashes);
		for (int i = 1; i < hashes.length; i++) {
			if (hashes[i] == hashes[i - 1]) {
				return null;
			}
		}
		return hashes;
	}

	/**
	 * Find the reading that counts for each address. An address has one server at a time,
	 * so the last write counts; of keys that were written together, one with an instance
	 * that is {@code UP}.
	 * @return the age of that reading, by address
	 */
	private static Map<Address, Long> lastWords(Readings readings) {
		Map<Address, Long> lastWords = new HashMap<>();
		readings.values()
			.forEach((reading) -> reading.instances()
				.forEach((instance) -> lastWords.merge(Address.of(instance), age(reading, instance), Math::max)));
		return lastWords;
	}

	private static long age(Reading reading, EtcdServiceInstance instance) {
		return reading.entry().modRevision() * 2 + ((instance.getStatus() == InstanceStatus.UP) ? 1 : 0);
	}

	Readings readings() {
		return this.readings;
	}

	Map<String, Entry> waiting() {
		return this.waiting;
	}

	Absentees absentees() {
		return this.absentees;
	}

	/**
	 * All instances, whatever their status.
	 * @return an immutable list
	 */
	public List<EtcdServiceInstance> registered() {
		return this.lists.registered;
	}

	/**
	 * The instances that can be called by HTTP, one for each address.
	 * @return an immutable list
	 */
	public List<ServiceInstance> routable() {
		return this.lists.routable;
	}

	/**
	 * The instances that can be called by gRPC.
	 * @return an immutable list
	 */
	public List<EtcdServiceInstance> callable() {
		return this.lists.callable;
	}

	boolean isEmpty() {
		return this.readings.isEmpty() && this.absentees.isEmpty();
	}

	boolean isPresent() {
		return !this.lists.registered.isEmpty();
	}

	boolean isManagement() {
		return this.management;
	}

	/**
	 * The address of an instance, without the cost of a URI.
	 */
	record Address(String host, int port, String scheme) {

		static Address of(EtcdServiceInstance instance) {
			return new Address(instance.getHost().toLowerCase(Locale.ROOT), instance.getPort(), instance.getScheme());
		}

		static int hash(EtcdServiceInstance instance) {
			return instance.getHost().toLowerCase(Locale.ROOT).hashCode() * 31 + instance.getPort();
		}

	}

	/**
	 * The published lists. If all instances can be called by HTTP, the three are the
	 * same.
	 */
	private static final class Lists {

		private final EtcdServiceInstance[] all;

		private final EtcdServiceInstance[] called;

		private final EtcdServiceInstance[] routed;

		private final List<EtcdServiceInstance> registered;

		private final List<EtcdServiceInstance> callable;

		private final List<ServiceInstance> routable;

		private Lists(EtcdServiceInstance[] all, EtcdServiceInstance[] called, EtcdServiceInstance[] routed) {
			this.all = all;
			this.called = called;
			this.routed = routed;
			this.registered = list(all);
			this.callable = (called == all) ? this.registered : list(called);
			this.routable = (routed == called) ? Collections.unmodifiableList(this.callable) : list(routed);
		}

		/**
		 * Create lists.
		 * @param all all instances
		 * @param called the instances that can be called
		 * @param routed the instances that can be called by HTTP
		 */
		static Lists of(EtcdServiceInstance[] all, EtcdServiceInstance[] called, EtcdServiceInstance[] routed) {
			EtcdServiceInstance[] callable = (called.length == all.length) ? all : called;
			return new Lists(all, callable, (routed.length == callable.length) ? callable : routed);
		}

		private static <T> List<T> list(T[] elements) {
			return Collections.unmodifiableList(Arrays.asList(elements));
		}

		/**
		 * Apply changes to the lists.
		 * @param patch the changes to the list of all instances
		 * @param called whether an instance can be called
		 */
		Lists with(Patch<EtcdServiceInstance> patch, Predicate<EtcdServiceInstance> called) {
			EtcdServiceInstance[] all = patch.apply(this.all);
			EtcdServiceInstance[] callable = (this.called == this.all && every(patch, called)) ? all
					: patch.within(this.all, this.called, called).apply(this.called);
			Predicate<EtcdServiceInstance> http = (instance) -> !instance.isGrpcOnly();
			EtcdServiceInstance[] routable = (this.routed == this.called && every(patch, http)) ? callable
					: patch.within(this.all, this.routed, called.and(http)).apply(this.routed);
			return of(all, callable, routable);
		}

		private static boolean every(Patch<EtcdServiceInstance> patch, Predicate<EtcdServiceInstance> test) {
			return patch.next().stream().allMatch((instance) -> instance == null || test.test(instance));
		}

	}

}
