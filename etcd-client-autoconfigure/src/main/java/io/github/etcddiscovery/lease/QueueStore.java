package io.github.etcddiscovery.lease;

import java.util.Optional;
import java.util.concurrent.CompletableFuture;

import io.github.etcddiscovery.core.EtcdAccessException;
import io.github.etcddiscovery.watch.Entry;
import org.jspecify.annotations.Nullable;

/**
 * What a queue of keys needs of etcd: all keys that begin with the same prefix, in the
 * order in which they were created. Calls return at once and never throw; the futures
 * fail with an {@link EtcdAccessException}, within a deadline. A write whose future
 * failed may have been applied all the same.
 */
public interface QueueStore {

	/**
	 * Put a key at the end of a queue, unless it is in it already.
	 * @param queue the prefix, with the slash at its end
	 * @param key the key
	 * @param value the value to put
	 * @param leaseId the lease to attach it to
	 * @return its place; empty if it was deleted while it was looked for
	 */
	CompletableFuture<Optional<Place>> enter(String queue, String key, String value, long leaseId);

	/**
	 * See who stands before a key.
	 * @param queue the prefix, with the slash at its end
	 * @param key the key
	 * @param createRevision since which revision it must have been there
	 * @return its place; empty if it has been deleted since then
	 */
	CompletableFuture<Optional<Place>> look(String queue, String key, long createRevision);

	/**
	 * Write a key that stands by itself, without a lease, whatever it holds.
	 * @param key the key
	 * @param value the value
	 * @return completes when it is written
	 */
	CompletableFuture<Void> put(String key, String value);

	/**
	 * Delete a key, whatever it holds.
	 * @param key the key
	 * @return completes when it is gone: whether it was there
	 */
	CompletableFuture<Boolean> delete(String key);

	/**
	 * The place of a key in its queue.
	 *
	 * @param key the key, as it stands there
	 * @param predecessor the key right before it, or {@code null} if it is the first
	 */
	record Place(Entry key, @Nullable Entry predecessor) {
	}

}
