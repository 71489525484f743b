package io.github.etcddiscovery.watch;

import java.util.concurrent.CompletableFuture;
import java.util.function.UnaryOperator;

import io.github.etcddiscovery.core.EtcdAccessException;
import io.github.etcddiscovery.core.EtcdAccessException.Kind;

/**
 * What a reflector needs from etcd, for one range of keys. Calls return at once. Answers
 * arrive on threads of the client library, which must not be blocked.
 */
public interface ListerWatcher {

	/**
	 * Read all keys of the range at one revision.
	 * @return a snapshot of the whole range, never of a part; fails with an
	 * {@link EtcdAccessException}, within a deadline
	 */
	CompletableFuture<Snapshot> list();

	/**
	 * Read all keys of the range from a single member, whether or not it has a majority
	 * behind it. The keys may be out of date.
	 * @return a snapshot of the whole range, never of a part; fails with an
	 * {@link EtcdAccessException}, within a deadline
	 */
	default CompletableFuture<Snapshot> listStale() {
		return CompletableFuture
			.failedFuture(new EtcdAccessException(Kind.OTHER, "no member can be asked by itself", null));
	}

	/**
	 * Ask for the current revision of the store.
	 * @return the position, which includes every write that was acknowledged before the
	 * call; fails with an {@link EtcdAccessException}, within a deadline
	 */
	CompletableFuture<Position> position();

	/**
	 * Ask whether the range differs from a mirror of it, if possible at less cost than a
	 * list. Used to check a watch that gives no sign of life.
	 * @param mirror the mirror's snapshot
	 * @return whether a key was written or deleted since that snapshot; fails with an
	 * {@link EtcdAccessException}, within a deadline
	 */
	default CompletableFuture<Boolean> differs(Snapshot mirror) {
		return list().thenApply((listed) -> !listed.differences(mirror).isEmpty());
	}

	/**
	 * The same range, with a reader that converts each entry when it arrives, on a thread
	 * of the client library, while further entries are under way.
	 * @param reader converts an entry; must neither fail nor block
	 * @return a lister-watcher that uses the reader, or this one if it does not support
	 * readers, so consumers must accept entries that were not converted
	 */
	default ListerWatcher reading(UnaryOperator<Entry> reader) {
		return this;
	}

	/**
	 * Watch the range.
	 * @param fromRevision the first revision to deliver
	 * @param handler receives what the watch reports
	 * @return the watch, which the caller must close even after it failed
	 */
	Watch watch(long fromRevision, Handler handler);

	/**
	 * A running watch.
	 */
	interface Watch extends AutoCloseable {

		/**
		 * Ask the watch for a sign of life, which arrives at {@link Handler#alive}. Some
		 * proxies between this process and etcd do not pass the question on.
		 */
		void requestProgress();

		/**
		 * Ask the member or proxy at the other end of the watch whether it is there at
		 * all.
		 * @return completes when it answers; fails with an {@link EtcdAccessException},
		 * within a deadline
		 */
		default CompletableFuture<Void> ping() {
			return CompletableFuture.completedFuture(null);
		}

		/**
		 * Let no further call use the connection of this watch, which has fallen silent.
		 * Its member may hang.
		 */
		default void shun() {
		}

		/**
		 * End the watch and free its stream. Batches that are under way may still arrive.
		 */
		@Override
		void close();

	}

	/**
	 * Receives what a watch reports, one call at a time.
	 */
	interface Handler {

		/**
		 * etcd has set the watch up. A second call means that the client library replaced
		 * the stream, so events may be missing.
		 * @param clusterId the cluster, or 0 if a proxy answered that does not know it
		 * @param revision the revision of the store at that time
		 */
		void created(long clusterId, long revision);

		/**
		 * Keys of the range changed.
		 * @param batch the changes
		 */
		void changed(Batch batch);

		/**
		 * The watch is alive, although earlier changes may still be under way: etcd
		 * before 3.4.25 and 3.5.8 may send this answer ahead of them.
		 * @param clusterId the cluster, or 0 if a proxy answered that does not know it
		 * @param revision the revision of the store
		 */
		void alive(long clusterId, long revision);

		/**
		 * The watch has ended. May be called more than once.
		 * @param failure why it ended
		 */
		void failed(EtcdAccessException failure);

		/**
		 * The connection that carries the watch is about to be replaced, so the range has
		 * to be listed and watched anew.
		 */
		default void connectionReplaced() {
		}

	}

}
