package io.github.etcddiscovery.catalog;

import java.util.HashSet;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.stream.Collectors;

import io.github.etcddiscovery.instance.InstanceReader;
import io.github.etcddiscovery.instance.InstanceStatus;
import io.github.etcddiscovery.instance.InvalidInstanceException;
import io.github.etcddiscovery.watch.Change;
import io.github.etcddiscovery.watch.Entry;
import io.github.etcddiscovery.watch.Publication;
import io.github.etcddiscovery.watch.Reset;

/**
 * Events between two catalogs that neither of them shows.
 *
 * @param farewells keys whose instances said goodbye
 * @param unmeant keys that vanished without the intention of their processes: deleted
 * together with others, or with values that became unreadable
 * @param reset what happened to the store
 */
record Meanwhile(Set<String> farewells, Set<String> unmeant, Reset reset) {

	static final Meanwhile NOTHING = reset(Reset.NONE);

	static Meanwhile reset(Reset reset) {
		return new Meanwhile(Set.of(), Set.of(), reset);
	}

	/**
	 * The events of a publication.
	 * @param publication the publication
	 * @param last the catalog before the publication
	 * @param reader reads keys and values
	 */
	static Meanwhile of(Publication publication, Catalog last, InstanceReader reader) {
		Set<String> farewells = publication.passed()
			.stream()
			.filter((entry) -> isFarewell(entry, reader))
			.map(Entry::key)
			.collect(Collectors.toSet());
		Set<String> unmeant = new HashSet<>();
		deletedByRevision(publication).values()
			.stream()
			.filter((keys) -> keys.size() > 1 && isNoProcessOfItsOwn(keys, last, reader))
			.forEach(unmeant::addAll);
		// If one of these keys is missing in the catalog, its value became unreadable
		publication.changedKeys().stream().filter(publication.snapshot().entries()::containsKey).forEach(unmeant::add);
		return new Meanwhile(farewells, unmeant, publication.reset());
	}

	private static boolean isFarewell(Entry entry, InstanceReader reader) {
		Decoded decoded = Decoded.of(entry, reader);
		return decoded.rejection() == null
				&& decoded.instances().stream().noneMatch((instance) -> instance.getStatus() == InstanceStatus.UP);
	}

	private static Map<Long, Set<String>> deletedByRevision(Publication publication) {
		return publication.changes()
			.stream()
			.filter((change) -> change.entry() == null)
			.collect(Collectors.groupingBy(Change::revision, Collectors.mapping(Change::key, Collectors.toSet())));
	}

	/**
	 * Whether keys that were deleted together belong to several leases. A process, or the
	 * end of its lease, deletes only keys under one lease; a person or a script deletes
	 * keys of several.
	 */
	private static boolean isNoProcessOfItsOwn(Set<String> keys, Catalog last, InstanceReader reader) {
		Set<Long> leases = keys.stream()
			.map((key) -> reading(key, last, reader))
			.flatMap(Optional::stream)
			.map((reading) -> reading.entry().lease())
			.collect(Collectors.toSet());
		return leases.size() > 1 || leases.contains(0L);
	}

	private static Optional<Reading> reading(String key, Catalog last, InstanceReader reader) {
		try {
			return last.reading(reader.key(key).service(), key);
		}
		catch (InvalidInstanceException ex) {
			return Optional.empty();
		}
	}

}
