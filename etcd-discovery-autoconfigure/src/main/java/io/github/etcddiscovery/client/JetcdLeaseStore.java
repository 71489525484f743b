package io.github.etcddiscovery.client;

import java.time.Duration;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;

import io.etcd.jetcd.ByteSequence;
import io.etcd.jetcd.lease.LeaseGrantResponse;
import io.etcd.jetcd.op.Cmp;
import io.etcd.jetcd.op.CmpTarget;
import io.etcd.jetcd.op.Op;
import io.etcd.jetcd.options.DeleteOption;
import io.etcd.jetcd.options.PutOption;
import io.github.etcddiscovery.core.EtcdAccessException;
import io.github.etcddiscovery.core.EtcdAccessException.Kind;
import io.github.etcddiscovery.lease.LeaseStore;
import io.github.etcddiscovery.watch.Entry;

/**
 * The {@link LeaseStore} on jetcd. Leases are renewed one request at a time and never by
 * jetcd's own keep-alive, which goes by the wall clock and gives up by itself.
 */
public final class JetcdLeaseStore implements LeaseStore {

	private final EtcdConnection connection;

	/**
	 * Create a store.
	 * @param connection the connection
	 */
	public JetcdLeaseStore(EtcdConnection connection) {
		this.connection = connection;
	}

	@Override
	public CompletableFuture<Long> grant(Duration ttl) {
		return this.connection
			.call((client) -> client.getLeaseClient().grant(ttl.toSeconds()).thenApply(LeaseGrantResponse::getID));
	}

	/**
	 * jetcd repeats other requests whose token has ended, but no renewal.
	 */
	@Override
	public CompletableFuture<Void> renew(long leaseId) {
		return renewOnce(leaseId).exceptionallyCompose((failure) -> {
			if (isUnauthenticated(failure)) {
				return renewOnce(leaseId);
			}
			return CompletableFuture.failedFuture(failure);
		});
	}

	private CompletableFuture<Void> renewOnce(long leaseId) {
		return this.connection
			.call((client) -> client.getLeaseClient().keepAliveOnce(leaseId).thenApply((response) -> null));
	}

	private static boolean isUnauthenticated(Throwable failure) {
		Throwable cause = (failure instanceof CompletionException) ? failure.getCause() : failure;
		return cause instanceof EtcdAccessException access && access.getKind() == Kind.UNAUTHENTICATED;
	}

	@Override
	public CompletableFuture<Void> revoke(long leaseId) {
		CompletableFuture<Void> revoked = this.connection
			.call((client) -> client.getLeaseClient().revoke(leaseId).thenApply((response) -> null));
		return revoked.exceptionallyCompose((failure) -> {
			if (failure instanceof EtcdAccessException access && access.getKind() == Kind.LEASE_NOT_FOUND) {
				return CompletableFuture.completedFuture(null);
			}
			return CompletableFuture.failedFuture(failure);
		});
	}

	@Override
	public CompletableFuture<Optional<Entry>> read(String key) {
		return this.connection.call((client) -> client.getKVClient()
			.get(EtcdClientFactory.bytes(key))
			.thenApply((response) -> response.getKvs().stream().findFirst().map(JetcdListerWatcher::entry)));
	}

	@Override
	public CompletableFuture<Boolean> put(String key, String value, long leaseId, long expectedModRevision) {
		ByteSequence bytes = EtcdClientFactory.bytes(key);
		return ifUnchanged(bytes, expectedModRevision,
				Op.put(bytes, EtcdClientFactory.bytes(value), PutOption.builder().withLeaseId(leaseId).build()));
	}

	@Override
	public CompletableFuture<Boolean> delete(String key, long expectedModRevision) {
		ByteSequence bytes = EtcdClientFactory.bytes(key);
		return ifUnchanged(bytes, expectedModRevision, Op.delete(bytes, DeleteOption.DEFAULT));
	}

	private CompletableFuture<Boolean> ifUnchanged(ByteSequence key, long modRevision, Op operation) {
		Cmp unchanged = new Cmp(key, Cmp.Op.EQUAL, CmpTarget.modRevision(modRevision));
		return this.connection.call((client) -> client.getKVClient()
			.txn()
			.If(unchanged)
			.Then(operation)
			.commit()
			.thenApply((response) -> response.isSucceeded()));
	}

}
