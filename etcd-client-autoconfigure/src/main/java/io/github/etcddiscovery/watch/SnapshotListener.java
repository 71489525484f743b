package io.github.etcddiscovery.watch;

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
	 * @param publication the snapshot and what led to it
	 */
	void published(Publication publication);

	/**
	 * A snapshot was read from a single member, since etcd has no majority and nothing is
	 * known yet: it may be out of date, and the mirror does not follow etcd.
	 * @param snapshot the snapshot
	 * @param changedKeys the keys whose entries differ from the snapshot before
	 */
	default void stale(Snapshot snapshot, Set<String> changedKeys) {
	}

	/**
	 * The range is about to be listed, for the first time or again. What becomes of it is
	 * told by {@link #synced} or {@link #failed}.
	 */
	default void listing() {
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
