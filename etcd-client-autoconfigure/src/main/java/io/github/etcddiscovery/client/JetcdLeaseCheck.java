package io.github.etcddiscovery.client;

import java.util.concurrent.CompletableFuture;

import io.etcd.jetcd.api.LeaseGrpc;
import io.etcd.jetcd.api.LeaseTimeToLiveRequest;
import io.github.etcddiscovery.watch.LeaseCheck;

/**
 * The {@link LeaseCheck} on jetcd's stubs. The request needs no permission, as it does
 * not ask for the keys of the lease.
 */
public final class JetcdLeaseCheck implements LeaseCheck {

	private final EtcdConnection connection;

	/**
	 * Create a check.
	 * @param connection carries the requests
	 */
	public JetcdLeaseCheck(EtcdConnection connection) {
		this.connection = connection;
	}

	@Override
	public CompletableFuture<Boolean> lives(long leaseId) {
		LeaseTimeToLiveRequest request = LeaseTimeToLiveRequest.newBuilder().setID(leaseId).build();
		return this.connection.read(LeaseGrpc.getLeaseTimeToLiveMethod(), request)
			.thenApply((response) -> response.getTTL() > 0);
	}

}
