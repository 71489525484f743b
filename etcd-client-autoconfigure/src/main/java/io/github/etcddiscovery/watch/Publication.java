package io.github.etcddiscovery.watch;

import java.util.Collection;
import java.util.List;
import java.util.Set;

/**
 * A snapshot that a mirror publishes, and what led to it. Immutable.
 *
 * @param snapshot the snapshot
 * @param changedKeys the keys whose entries differ from the snapshot before; empty when
 * only the revision moved
 * @param passed entries that were written and deleted again since the snapshot before, so
 * that neither shows them: the last entry of each such key
 * @param changes the events of the watch that were applied, whether or not they come to a
 * change; none after a list
 * @param reset whether the snapshot continues the one before, or what happened to the
 * store
 */
public record Publication(Snapshot snapshot, Set<String> changedKeys, Collection<Entry> passed, List<Change> changes,
		Reset reset) {

	static Publication listed(Snapshot snapshot, Set<String> changedKeys, Reset reset) {
		return new Publication(snapshot, changedKeys, List.of(), List.of(), reset);
	}

}
