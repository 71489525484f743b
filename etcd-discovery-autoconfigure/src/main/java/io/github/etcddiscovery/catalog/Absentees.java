package io.github.etcddiscovery.catalog;

import java.util.List;
import java.util.Map;
import java.util.TreeMap;

import io.github.etcddiscovery.instance.EtcdServiceInstance;

/**
 * Instances of one service whose keys vanished lately without a goodbye. Immutable.
 *
 * @param byKey what vanished, by its key
 */
record Absentees(Map<String, Absence> byKey) {

	static final Absentees NONE = new Absentees(Map.of());

	boolean isEmpty() {
		return this.byKey.isEmpty();
	}

	/**
	 * The instances that are held.
	 */
	List<EtcdServiceInstance> held() {
		return this.byKey.values()
			.stream()
			.filter(Absence::held)
			.flatMap((absence) -> absence.instances().stream())
			.toList();
	}

	/**
	 * Without an instance that turned out to be gone for good.
	 */
	Absentees without(EtcdServiceInstance instance) {
		Map<String, Absence> rest = new TreeMap<>();
		this.byKey.forEach((key, absence) -> {
			List<EtcdServiceInstance> instances = absence.instances()
				.stream()
				.filter((other) -> !other.equals(instance))
				.toList();
			if (!instances.isEmpty()) {
				rest.put(key,
						new Absence(instances, absence.since(), absence.held(), absence.foreign(), absence.lease()));
			}
		});
		return new Absentees(rest);
	}

	/**
	 * Without those who took their keys away while their lease lives.
	 */
	Absentees withoutLease(long lease) {
		Map<String, Absence> rest = new TreeMap<>(this.byKey);
		rest.values().removeIf((absence) -> absence.lease() == lease);
		return new Absentees(rest);
	}

	/**
	 * The leases that may live.
	 */
	List<Long> leases() {
		return this.byKey.values().stream().map(Absence::lease).filter((lease) -> lease != 0).toList();
	}

	/**
	 * What stood at a key that vanished.
	 *
	 * @param instances the instances
	 * @param since when it vanished, on the clock of the loop
	 * @param held whether they are held
	 * @param foreign whether they belong to another cluster than the one that is followed
	 * @param lease the lease of the key; if it lives, the key was taken away on purpose.
	 * 0 if that would prove nothing
	 */
	record Absence(List<EtcdServiceInstance> instances, long since, boolean held, boolean foreign, long lease) {

		Absence hold() {
			return this.held ? this : new Absence(this.instances, this.since, true, this.foreign, this.lease);
		}

	}

}
