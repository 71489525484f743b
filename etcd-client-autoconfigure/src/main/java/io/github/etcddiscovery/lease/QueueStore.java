package io.github.etcddiscovery.lease;

import java.util.Optional;
import java.util.concurrent.CompletableFuture;

import io.github.etcddiscovery.core.EtcdAccessException;
import io.github.etcddiscovery.watch.Entry;
import org.jspecify.annotations.Nullable;

/**
 * What a queue of keys needs from etcd. A queue consists of all keys with the same
 * prefix, in the order in which they were created. Calls return at once and never throw.
 * The futures fail with an {@link EtcdAccessException}, within a deadline. etcd may have
 * applied a write whose future failed.
 */
public interface QueueStore {

	/**
	 * Put a key at the end of a queue, unless the queue has it already.
	 * @param queue the prefix, with its trailing slash
	 * @param key the key
	 * @param value the value to put
	 * @param leaseId the id of the lease to attach the key to
	 * @return the place of the key; empty if the key was deleted in the meantime
	 */
	CompletableFuture<Optional<Place>> enter(String queue, String key, String value, long leaseId);

	/**
	 * Find the place of a key in its queue.
	 * @param queue the prefix, with its trailing slash
	 * @param key the key
	 * @param createRevision the revision at which the key was created
	 * @return the place of the key; empty if that key no longer exists
	 */
	CompletableFuture<Optional<Place>> look(String queue, String key, long createRevision);

	/**
	 * Write a key without a lease, whatever its value.
	 * @param key the key
	 * @param value the value
	 * @return completes when the key is written
	 */
	CompletableFuture<Void> put(String key, String value);

	/**
	 * Delete a key, whatever its value and lease.
	 * @param key the key
	 * @return completes when it is gone: whether it was there
	 */
	CompletableFuture<Boolean> delete(String key);

	/**
	 * The place of a key in its queue.
	 *
	 * @param key the entry of the key
	 * @param predecessor the entry right before it, or {@code null} at the head
	 */
	record Place(Entry key, @Nullable Entry predecessor) {
	}

}
