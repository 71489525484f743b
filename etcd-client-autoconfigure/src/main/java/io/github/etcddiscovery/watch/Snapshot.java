package io.github.etcddiscovery.watch;

import java.util.HashSet;
import java.util.Iterator;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Set;

import io.github.etcddiscovery.core.EtcdAccessException;
import io.github.etcddiscovery.core.EtcdAccessException.Kind;
import org.jspecify.annotations.Nullable;
import org.pcollections.TreePMap;

/**
 * All keys of a range at one revision. Immutable.
 *
 * @param clusterId the cluster that the keys were read from
 * @param revision the revision at which they were read
 * @param entries the entries by key
 */
public record Snapshot(long clusterId, long revision, Map<String, Entry> entries) {

	/**
	 * Create a snapshot.
	 * @param clusterId the cluster that the keys were read from
	 * @param revision the revision at which they were read
	 * @param entries the entries by key, which are copied unless the map is persistent
	 */
	public Snapshot {
		entries = (entries instanceof TreePMap) ? entries : TreePMap.from(entries);
	}

	/**
	 * Apply batches to this snapshot. The result shares all unchanged entries with this
	 * one, so the cost of a change does not depend on the number of keys.
	 * @param batches what the watch delivered, in order
	 * @return the next snapshot
	 * @throws EtcdAccessException of kind {@link Kind#INCOHERENT} if a batch does not
	 * continue this snapshot: it comes from another cluster, or its revision is older
	 * than one that was already applied. This snapshot is then still the last consistent
	 * one.
	 */
	public Snapshot apply(List<Batch> batches) {
		TreePMap<String, Entry> next = (TreePMap<String, Entry>) this.entries;
		long applied = this.revision;
		for (Batch batch : batches) {
			requireContinues(batch, applied);
			long previous = applied;
			for (Change change : batch.changes()) {
				requireNewer(change, previous);
				next = (change.entry() != null) ? next.plus(change.key(), change.entry()) : next.minus(change.key());
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
	 * Whether writes alone can have led from an earlier snapshot to this one.
	 * @param earlier the earlier snapshot
	 * @return {@code false} if the store must have been wiped, restored or replaced in
	 * between; {@code true} does not prove that it was not
	 */
	public boolean continues(Snapshot earlier) {
		return this.clusterId == earlier.clusterId && this.revision >= earlier.revision
				&& earlier.entries.values().stream().noneMatch((entry) -> {
					Entry now = this.entries.get(entry.key());
					return now != null && now.modRevision() < entry.modRevision();
				});
	}

	/**
	 * The keys whose entries differ between two snapshots. Entries with the same revision
	 * can differ in their value, between clusters or after the revision went back.
	 * @param other the snapshot to compare with
	 * @return the keys, including those that only one of the snapshots has
	 */
	public Set<String> differences(Snapshot other) {
		Set<String> keys = new HashSet<>();
		Iterator<Entry> mine = this.entries.values().iterator();
		Iterator<Entry> theirs = other.entries.values().iterator();
		Entry left = next(mine);
		Entry right = next(theirs);
		while (left != null || right != null) {
			int order = order(left, right);
			if (order != 0 || !Objects.equals(left, right)) {
				keys.add(Objects.requireNonNull((order <= 0) ? left : right).key());
			}
			left = (order <= 0) ? next(mine) : left;
			right = (order >= 0) ? next(theirs) : right;
		}
		return keys;
	}

	/**
	 * Compare two entries by their keys; a missing one comes last.
	 */
	private static int order(@Nullable Entry left, @Nullable Entry right) {
		if (left == null || right == null) {
			return (left != null) ? -1 : 1;
		}
		return left.key().compareTo(right.key());
	}

	private static @Nullable Entry next(Iterator<Entry> entries) {
		return entries.hasNext() ? entries.next() : null;
	}

}
