package io.github.etcddiscovery.watch;

import java.util.Collection;
import java.util.List;
import java.util.Set;

import io.github.etcddiscovery.core.EtcdAccessException;
import org.jspecify.annotations.Nullable;

/**
 * Is told what becomes of a mirror, on the reflector's loop: it must neither block nor
 * throw.
 */
@FunctionalInterface
public interface SnapshotListener {

	/**
	 * A snapshot was published.
	 * @param snapshot the snapshot
	 * @param changedKeys the keys whose entries differ from the snapshot before; empty
	 * when only the revision moved
	 */
	void published(Snapshot snapshot, Set<String> changedKeys);

	/**
	 * A snapshot was read from a single member, since etcd has no majority and nothing is
	 * known yet: it may be out of date, and the mirror does not follow etcd.
	 * @param snapshot the snapshot
	 * @param changedKeys the keys whose entries differ from the snapshot before
	 */
	default void stale(Snapshot snapshot, Set<String> changedKeys) {
	}

	/**
	 * The snapshot that is published next does not continue the last one: the store was
	 * wiped, restored or replaced.
	 * @param last the last snapshot
	 * @param next the snapshot that is about to be published
	 */
	default void reset(Snapshot last, Snapshot next) {
	}

	/**
	 * The range is about to be listed, for the first time or again. What becomes of it is
	 * told by {@link #synced} or {@link #failed}.
	 */
	default void listing() {
	}

	/**
	 * Events of the watch were applied, whether or not they come to a change. What they
	 * come to is published next.
	 * @param changes the events
	 */
	default void applied(List<Change> changes) {
	}

	/**
	 * Entries were written and deleted again since the last snapshot, so that the one
	 * that is published next does not show them.
	 * @param entries the last entry of each such key
	 */
	default void passed(Collection<Entry> entries) {
	}

	/**
	 * The mirror follows etcd, for the first time or again.
	 * @param snapshot the snapshot it follows from
	 */
	default void synced(Snapshot snapshot) {
	}

	/**
	 * The mirror has to begin anew, or was stopped while it listed. Told each time.
	 * @param failure why
	 */
	default void failed(EtcdAccessException failure) {
	}

	/**
	 * The mirror could not be compared with etcd. It is tried again; told once until it
	 * succeeds.
	 * @param failure why
	 */
	default void auditFailed(EtcdAccessException failure) {
	}

	/**
	 * The mirror no longer follows etcd and tries again on its own. Told once until it is
	 * synchronised again, and once more for each refusal that only shows meanwhile, since
	 * that is for people to mend.
	 * @param failure why
	 * @param served the snapshot that keeps being served, or {@code null} if there is
	 * none yet
	 */
	default void lost(EtcdAccessException failure, @Nullable Snapshot served) {
	}

}
