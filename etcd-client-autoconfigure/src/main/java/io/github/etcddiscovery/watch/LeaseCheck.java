package io.github.etcddiscovery.watch;

import java.util.concurrent.CompletableFuture;

/**
 * Finds out whether a lease lives. A key that is gone while its lease lives was deleted
 * on purpose: no process has ended.
 */
@FunctionalInterface
public interface LeaseCheck {

	/**
	 * Ask etcd, in bounded time.
	 * @param leaseId the id of the lease
	 * @return whether it lives; fails if etcd does not say
	 */
	CompletableFuture<Boolean> lives(long leaseId);

}
