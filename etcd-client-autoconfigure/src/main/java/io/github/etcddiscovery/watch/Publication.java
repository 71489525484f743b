package io.github.etcddiscovery.watch;

import java.util.Collection;
import java.util.List;
import java.util.Set;

/**
 * A snapshot that a mirror publishes, and the changes that led to it. Immutable.
 *
 * @param snapshot the snapshot
 * @param changedKeys the keys whose entries differ from the previous snapshot; empty when
 * only the revision changed
 * @param passed the last entry of each key that was written and deleted again since the
 * previous snapshot, so that neither snapshot has it
 * @param changes the events of the watch that were applied, whether or not they changed
 * an entry in the end; none after a list
 * @param reset whether the snapshot continues the previous one, or what happened to the
 * store
 */
public record Publication(Snapshot snapshot, Set<String> changedKeys, Collection<Entry> passed, List<Change> changes,
		Reset reset) {

	static Publication listed(Snapshot snapshot, Set<String> changedKeys, Reset reset) {
		return new Publication(snapshot, changedKeys, List.of(), List.of(), reset);
	}

}
