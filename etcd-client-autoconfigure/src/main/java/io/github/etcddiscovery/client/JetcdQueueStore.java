package io.github.etcddiscovery.client;

import java.util.List;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;

import com.google.protobuf.ByteString;
import io.etcd.jetcd.api.Compare;
import io.etcd.jetcd.api.DeleteRangeRequest;
import io.etcd.jetcd.api.KVGrpc;
import io.etcd.jetcd.api.KeyValue;
import io.etcd.jetcd.api.PutRequest;
import io.etcd.jetcd.api.RangeRequest;
import io.etcd.jetcd.api.RequestOp;
import io.etcd.jetcd.api.TxnRequest;
import io.etcd.jetcd.api.TxnResponse;
import io.github.etcddiscovery.lease.QueueStore;
import io.github.etcddiscovery.watch.Entry;

/**
 * The {@link QueueStore} on jetcd's stubs. It sends the transactions of the
 * {@code concurrency} package of etcd's Go client. etcd's lock and election services are
 * not used, because their calls wait on one member and can't be cancelled.
 */
public final class JetcdQueueStore implements QueueStore {

	private final EtcdConnection connection;

	/**
	 * Create a store.
	 * @param connection carries the requests
	 */
	public JetcdQueueStore(EtcdConnection connection) {
		this.connection = connection;
	}

	@Override
	public CompletableFuture<Optional<Place>> enter(String queue, String key, String value, long leaseId) {
		ByteString bytes = this.connection.inNamespace(key);
		RequestOp put = RequestOp.newBuilder()
			.setRequestPut(
					PutRequest.newBuilder().setKey(bytes).setValue(ByteString.copyFromUtf8(value)).setLease(leaseId))
			.build();
		// After the put, the key itself is the last one
		RequestOp lastTwo = range(last(queue).setLimit(2));
		RequestOp own = range(RangeRequest.newBuilder().setKey(bytes));
		TxnRequest request = TxnRequest.newBuilder()
			.addCompare(createdAt(bytes, 0))
			.addSuccess(put)
			.addSuccess(lastTwo)
			.addFailure(own)
			.build();
		return this.connection.write(KVGrpc.getTxnMethod(), request).thenCompose((response) -> {
			if (!response.getSucceeded()) {
				return look(queue, key, entries(response, 0).get(0).createRevision());
			}
			List<Entry> entries = entries(response, 1);
			return CompletableFuture
				.completedFuture(Optional.of(new Place(entries.get(0), (entries.size() > 1) ? entries.get(1) : null)));
		});
	}

	@Override
	public CompletableFuture<Optional<Place>> look(String queue, String key, long createRevision) {
		ByteString bytes = this.connection.inNamespace(key);
		TxnRequest request = TxnRequest.newBuilder()
			.addCompare(createdAt(bytes, createRevision))
			.addSuccess(range(RangeRequest.newBuilder().setKey(bytes)))
			.addSuccess(range(last(queue).setLimit(1).setMaxCreateRevision(createRevision - 1)))
			.build();
		return this.connection.read(KVGrpc.getTxnMethod(), request).thenApply((response) -> {
			if (!response.getSucceeded()) {
				return Optional.empty();
			}
			return Optional
				.of(new Place(entries(response, 0).get(0), entries(response, 1).stream().findFirst().orElse(null)));
		});
	}

	@Override
	public CompletableFuture<Void> put(String key, String value) {
		PutRequest request = PutRequest.newBuilder()
			.setKey(this.connection.inNamespace(key))
			.setValue(ByteString.copyFromUtf8(value))
			.build();
		return this.connection.write(KVGrpc.getPutMethod(), request).thenAccept((response) -> {
		});
	}

	@Override
	public CompletableFuture<Boolean> delete(String key) {
		DeleteRangeRequest request = DeleteRangeRequest.newBuilder().setKey(this.connection.inNamespace(key)).build();
		return this.connection.write(KVGrpc.getDeleteRangeMethod(), request)
			.thenApply((response) -> response.getDeleted() > 0);
	}

	/**
	 * Requests the values although they are not used, because etcd 3.7 does not return
	 * the lease of keys alone.
	 */
	private RangeRequest.Builder last(String queue) {
		ByteString prefix = this.connection.inNamespace(queue);
		return RangeRequest.newBuilder()
			.setKey(prefix)
			.setRangeEnd(JetcdListerWatcher.endOfPrefix(prefix))
			.setSortTarget(RangeRequest.SortTarget.CREATE)
			.setSortOrder(RangeRequest.SortOrder.DESCEND);
	}

	private static Compare createdAt(ByteString key, long revision) {
		return Compare.newBuilder()
			.setKey(key)
			.setTarget(Compare.CompareTarget.CREATE)
			.setResult(Compare.CompareResult.EQUAL)
			.setCreateRevision(revision)
			.build();
	}

	private static RequestOp range(RangeRequest.Builder range) {
		return RequestOp.newBuilder().setRequestRange(range).build();
	}

	private List<Entry> entries(TxnResponse response, int index) {
		List<KeyValue> found = response.getResponses(index).getResponseRange().getKvsList();
		return found.stream().map((keyValue) -> JetcdListerWatcher.entry(this.connection, keyValue)).toList();
	}

}
