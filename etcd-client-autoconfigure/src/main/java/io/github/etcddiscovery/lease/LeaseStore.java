package io.github.etcddiscovery.lease;

import java.time.Duration;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;

import io.github.etcddiscovery.core.EtcdAccessException;
import io.github.etcddiscovery.watch.Entry;

/**
 * What the lease and its claims need from etcd. Calls return at once and never throw. The
 * futures fail with an {@link EtcdAccessException}, within a deadline. etcd may have
 * applied a write whose future failed.
 */
public interface LeaseStore {

	/**
	 * Grant a lease.
	 * @param ttl the time to live, in whole seconds
	 * @return the id of the new lease
	 */
	CompletableFuture<Long> grant(Duration ttl);

	/**
	 * Renew a lease once.
	 * @param leaseId the id of the lease
	 * @return completes when etcd has renewed the lease; fails with
	 * {@link EtcdAccessException.Kind#LEASE_NOT_FOUND} when the lease has ended
	 */
	CompletableFuture<Void> renew(long leaseId);

	/**
	 * Revoke a lease, which deletes the keys attached to it. A lease that has already
	 * ended counts as revoked.
	 * @param leaseId the id of the lease
	 * @return completes when the lease is gone
	 */
	CompletableFuture<Void> revoke(long leaseId);

	/**
	 * Read a key.
	 * @param key the key
	 * @return its entry; empty if it does not exist
	 */
	CompletableFuture<Optional<Entry>> read(String key);

	/**
	 * Write a key if it does not exist, and read it otherwise, in one request.
	 * @param key the key
	 * @param value the value
	 * @param leaseId the id of the lease to attach the key to
	 * @return the entry that exists already; empty if the key was written
	 */
	CompletableFuture<Optional<Entry>> create(String key, String value, long leaseId);

	/**
	 * Write a key, unless it was written or deleted since it was read.
	 * @param key the key
	 * @param value the value
	 * @param leaseId the id of the lease to attach the key to
	 * @param expectedModRevision the revision of its last write, or 0 if it did not exist
	 * @return whether the key was written
	 */
	CompletableFuture<Boolean> put(String key, String value, long leaseId, long expectedModRevision);

	/**
	 * Delete a key, unless it was written since it was read.
	 * @param key the key
	 * @param expectedModRevision the revision of its last write
	 * @return whether the key was deleted
	 */
	CompletableFuture<Boolean> delete(String key, long expectedModRevision);

}
