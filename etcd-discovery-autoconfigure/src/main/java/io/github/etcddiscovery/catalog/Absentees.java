package io.github.etcddiscovery.catalog;

import java.util.List;
import java.util.Map;
import java.util.TreeMap;

import io.github.etcddiscovery.instance.EtcdServiceInstance;

/**
 * Instances of one service whose keys vanished recently without a goodbye. Immutable.
 *
 * @param byKey the absences by key
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
	 * The absentees without an instance that is gone for good.
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
	 * The absentees without those that withdrew their keys while their lease is alive.
	 */
	Absentees withoutLease(long lease) {
		Map<String, Absence> rest = new TreeMap<>(this.byKey);
		rest.values().removeIf((absence) -> absence.lease() == lease);
		return new Absentees(rest);
	}

	/**
	 * The leases of the absentees that may still be alive.
	 */
	List<Long> leases() {
		return this.byKey.values().stream().map(Absence::lease).filter((lease) -> lease != 0).toList();
	}

	/**
	 * A key that vanished.
	 *
	 * @param instances the instances that the key described
	 * @param since when the key vanished, on the clock of the loop
	 * @param held whether the instances are held
	 * @param foreign whether the instances belong to another cluster than the current one
	 * @param lease the lease of the key; if it is alive, the key was deleted on purpose.
	 * 0 if the lease would prove nothing
	 */
	record Absence(List<EtcdServiceInstance> instances, long since, boolean held, boolean foreign, long lease) {

		Absence hold() {
			return this.held ? this : new Absence(this.instances, this.since, true, this.foreign, this.lease);
		}

	}

}
