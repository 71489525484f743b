package io.github.etcddiscovery.config;

import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import java.util.concurrent.ConcurrentHashMap;
import java.util.stream.Stream;

import io.github.etcddiscovery.core.EtcdAccessException;
import io.github.etcddiscovery.core.EtcdAccessException.Kind;
import io.github.etcddiscovery.watch.KeyRange;
import io.github.etcddiscovery.watch.Snapshot;

/**
 * Reads sources from etcd, all at one revision. A key is looked up with and without a
 * leading slash. A user may be allowed to read only one of the two; denied ranges are
 * remembered. Waits for etcd, within the deadlines of the store. Safe for use by any
 * thread.
 */
final class SourceReader {

	private final ConfigStore store;

	private final Set<KeyRange> denied = ConcurrentHashMap.newKeySet();

	SourceReader(ConfigStore store) {
		this.store = store;
	}

	/**
	 * Read sources from a majority of etcd.
	 * @param sources the sources, at least one
	 * @param revision the revision, or 0 for the present one
	 * @param known the state before: a range that had keys is never treated as denied
	 * @throws EtcdAccessException if etcd can't be read
	 */
	Reading read(List<ImportSource> sources, long revision, ConfigState known) {
		List<KeyRange> ranges = allowed(sources).toList();
		try {
			return reading(sources, ranges, join(this.store.read(ranges, revision)));
		}
		catch (EtcdAccessException ex) {
			if (ex.getKind() != Kind.PERMISSION_DENIED) {
				throw ex;
			}
			learnWhatIsDenied(sources, known, ex);
			return read(sources, revision, known);
		}
	}

	/**
	 * Read sources from a single member, which may be behind.
	 * @param sources the sources, at least one
	 * @throws EtcdAccessException if no member answers
	 */
	Reading readStale(List<ImportSource> sources) {
		List<KeyRange> ranges = allowed(sources).toList();
		return reading(sources, ranges, join(this.store.readStale(ranges)));
	}

	private static Reading reading(List<ImportSource> sources, List<KeyRange> ranges, List<Snapshot> read) {
		Map<KeyRange, Snapshot> snapshots = new LinkedHashMap<>();
		for (int i = 0; i < ranges.size(); i++) {
			snapshots.put(ranges.get(i), read.get(i));
		}
		return new Reading(read.get(0).clusterId(), read.get(0).revision(), sources, snapshots);
	}

	private void learnWhatIsDenied(List<ImportSource> sources, ConfigState known, EtcdAccessException refusal) {
		Set<KeyRange> denied = new HashSet<>(this.denied);
		allowed(sources).filter(this::isDenied).forEach(denied::add);
		List<KeyRange> missing = Stream
			.concat(sources.stream()
				.filter((source) -> denied.containsAll(source.ranges()))
				.map((source) -> source.ranges().get(0)), denied.stream().filter(known::hasKeysIn))
			.distinct()
			.toList();
		if (!missing.isEmpty() || this.denied.containsAll(denied)) {
			throw new ReadDeniedException(missing.isEmpty() ? ranges(sources).toList() : missing, this.store.user(),
					refusal);
		}
		this.denied.addAll(denied);
	}

	private boolean isDenied(KeyRange range) {
		try {
			join(this.store.read(List.of(range.withoutValues()), 0));
			return false;
		}
		catch (EtcdAccessException ex) {
			if (ex.getKind() != Kind.PERMISSION_DENIED) {
				throw ex;
			}
			return true;
		}
	}

	/**
	 * The ranges to watch in order to follow sources: their ranges, without those that
	 * are part of another.
	 * @param sources the sources
	 */
	List<KeyRange> watched(List<ImportSource> sources) {
		List<KeyRange> ranges = allowed(sources).toList();
		return ranges.stream()
			.filter((range) -> ranges.stream()
				.noneMatch((other) -> !other.equals(range) && other.prefix() && other.contains(range.key())))
			.toList();
	}

	private Stream<KeyRange> allowed(List<ImportSource> sources) {
		return ranges(sources).filter((range) -> !this.denied.contains(range));
	}

	private static Stream<KeyRange> ranges(List<ImportSource> sources) {
		return sources.stream().flatMap((source) -> source.ranges().stream()).distinct();
	}

	private static <T> T join(CompletableFuture<T> answer) {
		try {
			return answer.join();
		}
		catch (CompletionException ex) {
			throw EtcdAccessException.of(ex);
		}
	}

}
