package io.github.etcddiscovery.config;

import java.util.List;
import java.util.Map;
import java.util.stream.Stream;

import io.github.etcddiscovery.watch.KeyRange;
import io.github.etcddiscovery.watch.Snapshot;

/**
 * The keys of some sources, all at one revision.
 *
 * @param clusterId the cluster they were read from
 * @param revision the revision
 * @param sources the sources, at least one
 * @param snapshots the keys of each range; a range that the user may not read is missing
 * if another range of the same source can be read
 */
record Reading(long clusterId, long revision, List<ImportSource> sources, Map<KeyRange, Snapshot> snapshots) {

	boolean isEmpty() {
		return this.snapshots.values().stream().allMatch((snapshot) -> snapshot.entries().isEmpty());
	}

	/**
	 * The keys of each range of a source, in order.
	 */
	List<Snapshot> of(ImportSource source) {
		Snapshot nothing = new Snapshot(this.clusterId, this.revision, Map.of());
		return source.ranges().stream().map((range) -> this.snapshots.getOrDefault(range, nothing)).toList();
	}

	Stream<String> keys(ImportSource source) {
		return of(source).stream().flatMap((snapshot) -> snapshot.entries().keySet().stream());
	}

}
