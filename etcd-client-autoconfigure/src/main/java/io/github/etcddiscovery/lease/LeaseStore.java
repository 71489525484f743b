package io.github.etcddiscovery.lease;

import java.time.Duration;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;

import io.github.etcddiscovery.core.EtcdAccessException;
import io.github.etcddiscovery.watch.Entry;

/**
 * What a registration needs of etcd. Calls return at once and never throw; the futures
 * fail with an {@link EtcdAccessException}, within a deadline. A write whose future
 * failed may have been applied all the same.
 */
public interface LeaseStore {

	/**
	 * Grant a lease.
	 * @param ttl its time to live, in whole seconds
	 * @return its id
	 */
	CompletableFuture<Long> grant(Duration ttl);

	/**
	 * Renew a lease once.
	 * @param leaseId its id
	 * @return nothing; fails with {@link EtcdAccessException.Kind#LEASE_NOT_FOUND} when
	 * the lease has ended
	 */
	CompletableFuture<Void> renew(long leaseId);

	/**
	 * Revoke a lease, which deletes the keys attached to it. A lease that has ended
	 * already counts as revoked.
	 * @param leaseId its id
	 * @return nothing
	 */
	CompletableFuture<Void> revoke(long leaseId);

	/**
	 * Read a key.
	 * @param key the key
	 * @return what it holds, if it exists
	 */
	CompletableFuture<Optional<Entry>> read(String key);

	/**
	 * Write a key if nobody has written it since it was read.
	 * @param key the key
	 * @param value the value
	 * @param leaseId the lease to attach it to
	 * @param expectedModRevision the revision of its last write, or 0 if it did not exist
	 * @return whether it was written
	 */
	CompletableFuture<Boolean> put(String key, String value, long leaseId, long expectedModRevision);

	/**
	 * Delete a key if nobody has written it since it was read.
	 * @param key the key
	 * @param expectedModRevision the revision of its last write
	 * @return whether it was deleted
	 */
	CompletableFuture<Boolean> delete(String key, long expectedModRevision);

}
