package io.github.etcddiscovery.watch;

import java.util.concurrent.CompletableFuture;

/**
 * Finds out whether a lease is alive. A key that vanished while its lease is alive was
 * deleted on purpose: its process has not crashed.
 */
@FunctionalInterface
public interface LeaseCheck {

	/**
	 * Ask etcd.
	 * @param leaseId the id of the lease
	 * @return whether the lease is alive; fails, within a deadline, if etcd does not
	 * answer
	 */
	CompletableFuture<Boolean> lives(long leaseId);

}
