package io.github.etcddiscovery.client;

import java.time.Duration;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;

import com.google.protobuf.ByteString;
import io.etcd.jetcd.api.Compare;
import io.etcd.jetcd.api.DeleteRangeRequest;
import io.etcd.jetcd.api.KVGrpc;
import io.etcd.jetcd.api.LeaseGrantRequest;
import io.etcd.jetcd.api.LeaseGrantResponse;
import io.etcd.jetcd.api.LeaseGrpc;
import io.etcd.jetcd.api.LeaseKeepAliveRequest;
import io.etcd.jetcd.api.LeaseKeepAliveResponse;
import io.etcd.jetcd.api.LeaseRevokeRequest;
import io.etcd.jetcd.api.PutRequest;
import io.etcd.jetcd.api.RangeRequest;
import io.etcd.jetcd.api.RangeResponse;
import io.etcd.jetcd.api.RequestOp;
import io.etcd.jetcd.api.TxnRequest;
import io.etcd.jetcd.api.TxnResponse;
import io.github.etcddiscovery.core.EtcdAccessException;
import io.github.etcddiscovery.core.EtcdAccessException.Kind;
import io.github.etcddiscovery.lease.LeaseStore;
import io.github.etcddiscovery.watch.Entry;

/**
 * The {@link LeaseStore} on jetcd's stubs. Each renewal is a request of its own. jetcd's
 * keep-alive is not used, since it relies on the wall clock and gives up by itself.
 */
public final class JetcdLeaseStore implements LeaseStore {

	private static final Duration SHORTEST_RENEWAL = Duration.ofMillis(500);

	private final EtcdConnection connection;

	private final Duration longestRenewal;

	/**
	 * Create a store.
	 * @param connection carries the requests
	 * @param ttl the leases' time to live. A renewal may take a quarter of it, and at
	 * least 500 ms, so that a lease survives the loss of two renewals
	 */
	public JetcdLeaseStore(EtcdConnection connection, Duration ttl) {
		Duration quarter = ttl.dividedBy(4);
		this.connection = connection;
		this.longestRenewal = (quarter.compareTo(SHORTEST_RENEWAL) > 0) ? quarter : SHORTEST_RENEWAL;
	}

	@Override
	public CompletableFuture<Long> grant(Duration ttl) {
		LeaseGrantRequest request = LeaseGrantRequest.newBuilder().setTTL(ttl.toSeconds()).build();
		return this.connection.write(LeaseGrpc.getLeaseGrantMethod(), request).thenApply(LeaseGrantResponse::getID);
	}

	@Override
	public CompletableFuture<Void> renew(long leaseId) {
		LeaseKeepAliveRequest request = LeaseKeepAliveRequest.newBuilder().setID(leaseId).build();
		return this.connection.renew(LeaseGrpc.getLeaseKeepAliveMethod(), request, this.longestRenewal)
			.thenCompose((response) -> isAlive(response) ? CompletableFuture.completedFuture(null)
					: CompletableFuture.failedFuture(new EtcdAccessException(Kind.LEASE_NOT_FOUND,
							"etcd does not know lease %x".formatted(leaseId), null)));
	}

	/**
	 * etcd reports a lease that does not exist by a time to live of zero.
	 */
	private static boolean isAlive(LeaseKeepAliveResponse response) {
		return response.getTTL() > 0;
	}

	@Override
	public CompletableFuture<Void> revoke(long leaseId) {
		LeaseRevokeRequest request = LeaseRevokeRequest.newBuilder().setID(leaseId).build();
		return this.connection.write(LeaseGrpc.getLeaseRevokeMethod(), request)
			.<Void>thenApply((response) -> null)
			.exceptionallyCompose((failure) -> (EtcdAccessException.of(failure).getKind() == Kind.LEASE_NOT_FOUND)
					? CompletableFuture.completedFuture(null) : CompletableFuture.failedFuture(failure));
	}

	@Override
	public CompletableFuture<Optional<Entry>> read(String key) {
		RangeRequest request = RangeRequest.newBuilder().setKey(this.connection.inNamespace(key)).build();
		return this.connection.read(KVGrpc.getRangeMethod(), request).thenApply(this::entry);
	}

	@Override
	public CompletableFuture<Optional<Entry>> create(String key, String value, long leaseId) {
		ByteString bytes = this.connection.inNamespace(key);
		RangeRequest read = RangeRequest.newBuilder().setKey(bytes).build();
		TxnRequest request = TxnRequest.newBuilder()
			.addCompare(unchanged(bytes, 0))
			.addSuccess(put(bytes, value, leaseId))
			.addFailure(RequestOp.newBuilder().setRequestRange(read))
			.build();
		return this.connection.write(KVGrpc.getTxnMethod(), request)
			.thenApply((response) -> response.getSucceeded() ? Optional.empty()
					: entry(response.getResponses(0).getResponseRange()));
	}

	private Optional<Entry> entry(RangeResponse response) {
		return response.getKvsList()
			.stream()
			.findFirst()
			.map((keyValue) -> JetcdListerWatcher.entry(this.connection, keyValue));
	}

	@Override
	public CompletableFuture<Boolean> put(String key, String value, long leaseId, long expectedModRevision) {
		ByteString bytes = this.connection.inNamespace(key);
		return ifUnchanged(bytes, expectedModRevision, put(bytes, value, leaseId));
	}

	private static RequestOp put(ByteString key, String value, long leaseId) {
		PutRequest put = PutRequest.newBuilder()
			.setKey(key)
			.setValue(ByteString.copyFromUtf8(value))
			.setLease(leaseId)
			.build();
		return RequestOp.newBuilder().setRequestPut(put).build();
	}

	@Override
	public CompletableFuture<Boolean> delete(String key, long expectedModRevision) {
		ByteString bytes = this.connection.inNamespace(key);
		DeleteRangeRequest delete = DeleteRangeRequest.newBuilder().setKey(bytes).build();
		return ifUnchanged(bytes, expectedModRevision, RequestOp.newBuilder().setRequestDeleteRange(delete).build());
	}

	private CompletableFuture<Boolean> ifUnchanged(ByteString key, long modRevision, RequestOp operation) {
		TxnRequest request = TxnRequest.newBuilder()
			.addCompare(unchanged(key, modRevision))
			.addSuccess(operation)
			.build();
		return this.connection.write(KVGrpc.getTxnMethod(), request).thenApply(TxnResponse::getSucceeded);
	}

	private static Compare unchanged(ByteString key, long modRevision) {
		return Compare.newBuilder()
			.setKey(key)
			.setTarget(Compare.CompareTarget.MOD)
			.setResult(Compare.CompareResult.EQUAL)
			.setModRevision(modRevision)
			.build();
	}

}
