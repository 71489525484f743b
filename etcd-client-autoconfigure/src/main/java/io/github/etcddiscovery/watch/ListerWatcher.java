package io.github.etcddiscovery.watch;

import java.util.concurrent.CompletableFuture;
import java.util.function.UnaryOperator;

import io.github.etcddiscovery.core.EtcdAccessException;
import io.github.etcddiscovery.core.EtcdAccessException.Kind;

/**
 * What a reflector needs of etcd, for one range of keys. Calls return at once; answers
 * come on threads of the client library, which must not be held up.
 */
public interface ListerWatcher {

	/**
	 * Read all keys of the range at one revision.
	 * @return the snapshot; fails with an {@link EtcdAccessException}, within a deadline,
	 * and never holds a part of the range only
	 */
	CompletableFuture<Snapshot> list();

	/**
	 * Read all keys of the range as a single member has them, whether or not it has a
	 * majority behind it: they may be out of date.
	 * @return the snapshot; fails with an {@link EtcdAccessException}, within a deadline,
	 * and never holds a part of the range only
	 */
	default CompletableFuture<Snapshot> listStale() {
		return CompletableFuture
			.failedFuture(new EtcdAccessException(Kind.OTHER, "no member can be asked by itself", null));
	}

	/**
	 * Ask where the store is now.
	 * @return the position, which every write that was acknowledged before is part of;
	 * fails with an {@link EtcdAccessException}, within a deadline
	 */
	CompletableFuture<Position> position();

	/**
	 * Ask whether the range holds what a mirror of it does, at less cost than a list
	 * where that can be: for a watch that gives no sign of life.
	 * @param mirror the mirror's snapshot
	 * @return whether a key was written or deleted since; fails with an
	 * {@link EtcdAccessException}, within a deadline
	 */
	default CompletableFuture<Boolean> differs(Snapshot mirror) {
		return list().thenApply((listed) -> !listed.differences(mirror).isEmpty());
	}

	/**
	 * The same range, with a reader that each entry goes through when it arrives: on a
	 * thread of the client library, while the next ones are under way.
	 * @param reader makes of an entry what is kept of it; never fails and does not block
	 * @return a lister-watcher that uses the reader, or this one if it can't: whoever
	 * reads an entry must be ready for one that did not go through the reader
	 */
	default ListerWatcher reading(UnaryOperator<Entry> reader) {
		return this;
	}

	/**
	 * Watch the range.
	 * @param fromRevision the first revision to deliver
	 * @param handler what to tell
	 * @return the watch, to be closed by the caller even after it failed
	 */
	Watch watch(long fromRevision, Handler handler);

	/**
	 * A running watch.
	 */
	interface Watch extends AutoCloseable {

		/**
		 * Ask the watch for a sign of life, which {@link Handler#alive} is told of. Not
		 * everything between here and etcd passes the question on.
		 */
		void requestProgress();

		/**
		 * Ask whoever is at the other end of the watch for anything else: whether it is
		 * there at all.
		 * @return completes when it answers; fails with an {@link EtcdAccessException},
		 * within a deadline
		 */
		default CompletableFuture<Void> ping() {
			return CompletableFuture.completedFuture(null);
		}

		/**
		 * Let no further call go the way of this watch, from which nothing is heard: to a
		 * member that hangs it would be made in vain.
		 */
		default void shun() {
		}

		/**
		 * End the watch and free its stream. Batches under way may still arrive.
		 */
		@Override
		void close();

	}

	/**
	 * Is told what a watch sees, one call at a time.
	 */
	interface Handler {

		/**
		 * etcd has set the watch up. A second time means that the client library replaced
		 * the stream and events may be missing.
		 * @param clusterId the cluster, or 0 if a proxy answers that does not know it
		 * @param revision the revision of the store at that time
		 */
		void created(long clusterId, long revision);

		/**
		 * Something changed.
		 * @param batch the changes
		 */
		void changed(Batch batch);

		/**
		 * The watch is alive. That says nothing about which changes were delivered: etcd
		 * before 3.4.25 and 3.5.8 may send this ahead of them.
		 * @param clusterId the cluster, or 0 if a proxy answers that does not know it
		 * @param revision the revision of the store
		 */
		void alive(long clusterId, long revision);

		/**
		 * The watch has ended. May be told more than once.
		 * @param failure why
		 */
		void failed(EtcdAccessException failure);

		/**
		 * The connection that carries the watch is about to be replaced: begin anew.
		 */
		default void connectionReplaced() {
		}

	}

}
