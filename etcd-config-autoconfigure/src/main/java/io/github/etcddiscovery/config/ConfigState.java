package io.github.etcddiscovery.config;

import java.time.Instant;
import java.util.HashMap;
import java.util.Map;

import io.github.etcddiscovery.watch.KeyRange;

/**
 * The content of all sources at one revision. Immutable.
 *
 * @param clusterId the cluster it was read from, or 0
 * @param revision the revision, or 0 while nothing was read
 * @param readAt when it was read
 * @param freshness how it was read
 * @param sources the content of each source
 */
record ConfigState(long clusterId, long revision, Instant readAt, Freshness freshness,
		Map<ImportSource, SourceState> sources) {

	static ConfigState none() {
		return new ConfigState(0, 0, Instant.EPOCH, Freshness.NONE, Map.of());
	}

	ConfigState {
		sources = Map.copyOf(sources);
	}

	SourceState of(ImportSource source) {
		return this.sources.getOrDefault(source, SourceState.EMPTY);
	}

	boolean hasKeysIn(KeyRange range) {
		return this.sources.values()
			.stream()
			.anyMatch((source) -> source.entries().keySet().stream().anyMatch(range::contains));
	}

	/**
	 * This state with some sources added or replaced.
	 */
	ConfigState and(Map<ImportSource, SourceState> others) {
		Map<ImportSource, SourceState> all = new HashMap<>(this.sources);
		all.putAll(others);
		return new ConfigState(this.clusterId, this.revision, this.readAt, this.freshness, all);
	}

	/**
	 * How a state was read.
	 */
	enum Freshness {

		/**
		 * From a majority of etcd.
		 */
		LINEARIZABLE,

		/**
		 * From a single member, which may be behind.
		 */
		SERIALIZABLE,

		/**
		 * From the snapshot file of an earlier run.
		 */
		FILE,

		/**
		 * Not at all.
		 */
		NONE

	}

}
