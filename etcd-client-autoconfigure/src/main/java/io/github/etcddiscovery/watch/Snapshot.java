package io.github.etcddiscovery.watch;

import java.util.Collections;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;

import io.github.etcddiscovery.core.EtcdAccessException;
import io.github.etcddiscovery.core.EtcdAccessException.Kind;

/**
 * All keys of a range at one revision. Immutable.
 *
 * @param clusterId the cluster it was read from
 * @param revision the revision
 * @param entries the entries by key
 */
public record Snapshot(long clusterId, long revision, Map<String, Entry> entries) {

	/**
	 * Create a snapshot over a map that nobody changes any more.
	 * @param clusterId the cluster it was read from
	 * @param revision the revision
	 * @param entries the entries by key
	 */
	public Snapshot {
		entries = Collections.unmodifiableMap(entries);
	}

	/**
	 * The snapshot after some batches, which are applied together so that a thousand
	 * changes cost one copy.
	 * @param batches what the watch delivered, in its order
	 * @return the next snapshot
	 * @throws EtcdAccessException of kind {@link Kind#INCOHERENT} if a batch does not
	 * continue this snapshot: it comes from another cluster, or its revision lies before
	 * what was already applied. This snapshot is then still what was true last.
	 */
	public Snapshot apply(List<Batch> batches) {
		Map<String, Entry> next = new HashMap<>(this.entries);
		long applied = this.revision;
		for (Batch batch : batches) {
			requireContinues(batch, applied);
			long previous = applied;
			for (Change change : batch.changes()) {
				requireNewer(change, previous);
				if (change.entry() != null) {
					next.put(change.key(), change.entry());
				}
				else {
					next.remove(change.key());
				}
				applied = Math.max(applied, change.revision());
			}
		}
		return new Snapshot(this.clusterId, applied, next);
	}

	private void requireContinues(Batch batch, long applied) {
		if (batch.clusterId() != this.clusterId) {
			throw new EtcdAccessException(Kind.INCOHERENT,
					"etcd answers from another cluster: %x instead of %x".formatted(batch.clusterId(), this.clusterId),
					null);
		}
		if (batch.revision() < applied) {
			throw new EtcdAccessException(Kind.INCOHERENT,
					"etcd's revision went back from %d to %d: it was wiped or restored".formatted(applied,
							batch.revision()),
					null);
		}
	}

	private static void requireNewer(Change change, long previous) {
		if (change.revision() <= previous) {
			throw new EtcdAccessException(Kind.INCOHERENT,
					"etcd sent revision %d again after %d".formatted(change.revision(), previous), null);
		}
	}

	/**
	 * Whether this snapshot can have come about from an earlier one by writes alone. It
	 * can't if the store was wiped, restored or replaced meanwhile; that it can is not
	 * proof.
	 * @param earlier the earlier snapshot
	 * @return {@code false} if it can't
	 */
	public boolean continues(Snapshot earlier) {
		return this.clusterId == earlier.clusterId && this.revision >= earlier.revision
				&& earlier.entries.values().stream().noneMatch((entry) -> {
					Entry now = this.entries.get(entry.key());
					return now != null && now.modRevision() < entry.modRevision();
				});
	}

	/**
	 * The keys whose entries differ between two snapshots, by the revision of their last
	 * write; between clusters, or after the revision went back, by their value as well.
	 * @param other the other snapshot
	 * @return the keys
	 */
	public Set<String> differences(Snapshot other) {
		Set<String> keys = new HashSet<>();
		this.entries.forEach((key, entry) -> {
			if (!entry.equals(other.entries.get(key))) {
				keys.add(key);
			}
		});
		other.entries.keySet().stream().filter((key) -> !this.entries.containsKey(key)).forEach(keys::add);
		return keys;
	}

}
