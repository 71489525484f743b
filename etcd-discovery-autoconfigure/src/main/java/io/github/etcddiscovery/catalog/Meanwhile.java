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
 * What happened between two catalogs that neither of them shows.
 *
 * @param farewells keys whose instances said goodbye
 * @param unmeant keys that are gone in a way that is none of their processes' doing:
 * together with others, or since their values can't be read any more
 * @param reset what happened to the store
 */
record Meanwhile(Set<String> farewells, Set<String> unmeant, Reset reset) {

	static final Meanwhile NOTHING = reset(Reset.NONE);

	static Meanwhile reset(Reset reset) {
		return new Meanwhile(Set.of(), Set.of(), reset);
	}

	/**
	 * What a publication tells of.
	 * @param publication the publication
	 * @param last the catalog before it
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
		// Their values can't be read any more, if they are missed
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
	 * A process deletes its own keys, which are under its lease, as the end of the lease
	 * does. Whoever deletes those of several at once is a person or a script.
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
