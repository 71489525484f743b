package io.github.etcddiscovery.catalog;

import java.time.Duration;
import java.util.Collection;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.stream.Collectors;

import io.github.etcddiscovery.catalog.Absentees.Absence;
import io.github.etcddiscovery.catalog.Catalog.AbsenceRule;
import io.github.etcddiscovery.catalog.CatalogService.Address;
import io.github.etcddiscovery.watch.Reset;

/**
 * Decides which vanished instances of a service are held. A pure function of the
 * instances before, the instances now and the time:
 * <ul>
 * <li>An instance whose last status was not {@code UP} has said goodbye: it is gone.
 * <li>A key without a lease never expires, so its deletion was intended, unless it was
 * deleted together with others.
 * <li>After the store was wiped or restored, all missing instances are held.
 * <li>After a change to another cluster, a service without any instance there is held
 * until its first instance is there. The instances of two clusters are never served
 * together.
 * <li>Any other instance that vanished without a goodbye is gone, unless the service is
 * large enough and more than the threshold of its instances vanished within the window.
 * Then all of these are held.
 * <li>A held instance is removed when its key or its address is back, or when its time is
 * over.
 * </ul>
 */
final class VanishingPolicy {

	/**
	 * How long "at once" is: leases that were renewed at different times also expire at
	 * different times.
	 */
	static final Duration WINDOW = Duration.ofSeconds(10);

	private final HoldSettings settings;

	VanishingPolicy(HoldSettings settings) {
		this.settings = settings;
	}

	/**
	 * The rule for one update of the catalog.
	 * @param meanwhile the events since the last update
	 * @param now the time on the clock of the loop
	 */
	AbsenceRule rule(Meanwhile meanwhile, long now) {
		return (last, before, after) -> judge(last, before, after, meanwhile, now);
	}

	/**
	 * Judge one service.
	 * @param last the absentees until now
	 * @param before the readings before the update
	 * @param after the readings now
	 * @param meanwhile the events in between
	 * @param now the time on the clock of the loop
	 * @return the absentees from now on
	 */
	Absentees judge(Absentees last, Map<String, Reading> before, Map<String, Reading> after, Meanwhile meanwhile,
			long now) {
		if (!this.settings.enabled() || (last.isEmpty() && after.keySet().containsAll(before.keySet()))) {
			return Absentees.NONE;
		}
		Map<String, Absence> absent = new TreeMap<>();
		last.byKey().forEach((key, absence) -> {
			if (!isOver(absence, now) && (!absence.foreign() || after.isEmpty())) {
				absent.put(key, absence);
			}
		});
		before.forEach((key, reading) -> {
			boolean natural = meanwhile.reset() == Reset.NONE && !meanwhile.unmeant().contains(key);
			boolean meant = meanwhile.farewells().contains(key) || !reading.wantsCalls()
					|| natural && reading.entry().lease() == 0;
			if (!after.containsKey(key) && !meant) {
				absent.put(key, new Absence(reading.instances(), now, meanwhile.reset() != Reset.NONE,
						meanwhile.reset() == Reset.OTHER_CLUSTER, natural ? reading.entry().lease() : 0));
			}
		});
		if (meanwhile.reset() == Reset.OTHER_CLUSTER && !after.isEmpty()) {
			return Absentees.NONE;
		}
		Set<Address> present = absent.isEmpty() ? Set.of() : addresses(after.values());
		absent.entrySet().removeIf((entry) -> isBack(entry.getKey(), entry.getValue(), after, present));
		if (isTooMany(absent.size(), after)) {
			absent.replaceAll((key, absence) -> absence.hold());
		}
		return absent.isEmpty() ? Absentees.NONE : new Absentees(absent);
	}

	private boolean isOver(Absence absence, long now) {
		Duration time = absence.held() ? this.settings.duration() : WINDOW;
		return now - absence.since() >= time.toNanos();
	}

	private static Set<Address> addresses(Collection<Reading> readings) {
		return readings.stream()
			.map(Reading::instances)
			.flatMap(List::stream)
			.map(Address::of)
			.collect(Collectors.toSet());
	}

	private static boolean isBack(String key, Absence absence, Map<String, Reading> after, Set<Address> present) {
		return after.containsKey(key) || absence.instances().stream().map(Address::of).anyMatch(present::contains);
	}

	private boolean isTooMany(int absent, Map<String, Reading> after) {
		long present = after.values().stream().filter(Reading::wantsCalls).count();
		long all = absent + present;
		return all >= this.settings.minimumInstances() && absent > this.settings.threshold() * all;
	}

}
