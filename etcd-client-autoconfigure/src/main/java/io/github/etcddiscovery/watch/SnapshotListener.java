package io.github.etcddiscovery.watch;

import java.util.Set;

import io.github.etcddiscovery.core.EtcdAccessException;
import org.jspecify.annotations.Nullable;

/**
 * Receives the snapshots of a mirror and the changes of its state, on the reflector's
 * loop. A listener must neither block nor throw.
 */
@FunctionalInterface
public interface SnapshotListener {

	/**
	 * The mirror has published a snapshot.
	 * @param publication the snapshot and the changes that led to it
	 */
	void published(Publication publication);

	/**
	 * A snapshot was read from a single member, because etcd has no majority and the
	 * mirror has no snapshot yet. It may be out of date, and the mirror is not
	 * synchronised.
	 * @param snapshot the snapshot
	 * @param changedKeys the keys whose entries differ from the previous snapshot
	 */
	default void stale(Snapshot snapshot, Set<String> changedKeys) {
	}

	/**
	 * The reflector is about to list the range, for the first time or again. A call of
	 * {@link #synced} or {@link #failed} follows.
	 */
	default void listing() {
	}

	/**
	 * The mirror is synchronised, for the first time or again.
	 * @param snapshot the snapshot from which the mirror follows etcd
	 */
	default void synced(Snapshot snapshot) {
	}

	/**
	 * The mirror has to list the range again, or was stopped during a list. Called each
	 * time.
	 * @param failure why
	 */
	default void failed(EtcdAccessException failure) {
	}

	/**
	 * An audit failed: the mirror could not be compared with etcd. The audit is retried;
	 * this is called once until one succeeds.
	 * @param failure why the audit failed
	 */
	default void auditFailed(EtcdAccessException failure) {
	}

	/**
	 * The mirror is no longer synchronised, and retries by itself. Called once until it
	 * is synchronised again, and once more for each new kind of refusal in the meantime,
	 * since only a person can fix a refusal.
	 * @param failure why
	 * @param served the snapshot that the mirror goes on serving, or {@code null} if
	 * there is none yet
	 */
	default void lost(EtcdAccessException failure, @Nullable Snapshot served) {
	}

}
