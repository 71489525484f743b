package io.github.etcddiscovery.client;

import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.function.BiFunction;
import java.util.function.Function;

import io.etcd.jetcd.api.KVGrpc;
import io.etcd.jetcd.api.KeyValue;
import io.etcd.jetcd.api.RangeRequest;
import io.etcd.jetcd.api.RangeResponse;
import io.etcd.jetcd.api.RequestOp;
import io.etcd.jetcd.api.ResponseHeader;
import io.etcd.jetcd.api.ResponseOp;
import io.etcd.jetcd.api.TxnRequest;
import io.etcd.jetcd.api.TxnResponse;
import io.github.etcddiscovery.core.EtcdAccessException;
import io.github.etcddiscovery.core.EtcdAccessException.Kind;
import io.github.etcddiscovery.watch.Entry;
import io.github.etcddiscovery.watch.KeyRange;
import io.github.etcddiscovery.watch.Snapshot;

/**
 * Reads several ranges of keys at one revision: in one transaction or, if its response
 * would be too large, in pages at the revision of the first page. Safe for use by any
 * thread.
 */
public final class JetcdRanges {

	/**
	 * etcd's default limit for the operations of a transaction.
	 */
	private static final int MOST_OPERATIONS = 128;

	private final EtcdConnection connection;

	/**
	 * Create a reader.
	 * @param connection carries the requests
	 */
	public JetcdRanges(EtcdConnection connection) {
		this.connection = connection;
	}

	/**
	 * Read ranges with the consent of a majority of the members.
	 * @param ranges the ranges, at least one
	 * @param revision the revision to read at, or 0 for the current one
	 * @return a snapshot for each range, in the same order and all at one revision; fails
	 * with an {@link EtcdAccessException}, within a deadline
	 */
	public CompletableFuture<List<Snapshot>> read(List<KeyRange> ranges, long revision) {
		return read(ranges, revision, false, new ArrayList<>());
	}

	/**
	 * Read ranges from a single member, whether or not it has a majority behind it. The
	 * result may be out of date.
	 * @param ranges the ranges, at least one
	 * @return a snapshot for each range, in the same order and all at one revision; fails
	 * with an {@link EtcdAccessException}, within a deadline
	 */
	public CompletableFuture<List<Snapshot>> readStale(List<KeyRange> ranges) {
		return read(ranges, 0, true, new ArrayList<>());
	}

	private CompletableFuture<List<Snapshot>> read(List<KeyRange> ranges, long revision, boolean stale,
			List<Snapshot> read) {
		List<KeyRange> now = ranges.subList(0, Math.min(MOST_OPERATIONS, ranges.size()));
		TxnRequest.Builder txn = TxnRequest.newBuilder();
		now.forEach((range) -> txn.addSuccess(RequestOp.newBuilder().setRequestRange(request(range, revision, stale))));
		CompletableFuture<TxnResponse> answer = stale ? this.connection.readStale(KVGrpc.getTxnMethod(), txn.build())
				: this.connection.read(KVGrpc.getTxnMethod(), txn.build());
		return answer.handle((response, failure) -> {
			if (failure == null) {
				return CompletableFuture.completedFuture(snapshots(response, revision));
			}
			EtcdAccessException why = EtcdAccessException.of(failure);
			return (why.getKind() == Kind.TOO_LARGE) ? readInPages(now, 0, revision, stale, new ArrayList<>())
					: CompletableFuture.<List<Snapshot>>failedFuture(why);
		}).thenCompose(Function.identity()).thenCompose((snapshots) -> {
			read.addAll(snapshots);
			return (now.size() == ranges.size()) ? CompletableFuture.completedFuture(read)
					: read(ranges.subList(now.size(), ranges.size()), snapshots.get(0).revision(), stale, read);
		});
	}

	private CompletableFuture<List<Snapshot>> readInPages(List<KeyRange> ranges, int index, long revision,
			boolean stale, List<Snapshot> read) {
		if (index == ranges.size()) {
			return CompletableFuture.completedFuture(read);
		}
		BiFunction<RangeRequest, Boolean, CompletableFuture<RangeResponse>> etcd = (request, single) -> single
				? this.connection.readStale(KVGrpc.getRangeMethod(), request)
				: this.connection.read(KVGrpc.getRangeMethod(), request);
		PagedList list = new PagedList((request) -> etcd.apply(request, stale), this.connection.converter(),
				request(ranges.get(index), revision, stale), this::entry, this::refused, PagedList.LARGEST_PAGE);
		return this.connection.owed(list.read()).thenCompose((snapshot) -> {
			read.add(snapshot);
			return readInPages(ranges, index + 1, snapshot.revision(), stale, read);
		});
	}

	private RangeRequest request(KeyRange range, long revision, boolean stale) {
		return JetcdListerWatcher.range(this.connection, range).setRevision(revision).setSerializable(stale).build();
	}

	private List<Snapshot> snapshots(TxnResponse response, long revision) {
		ResponseHeader header = response.getHeader();
		long at = (revision > 0) ? revision : header.getRevision();
		List<Snapshot> snapshots = new ArrayList<>();
		for (ResponseOp operation : response.getResponsesList()) {
			Map<String, Entry> entries = new HashMap<>();
			for (KeyValue keyValue : operation.getResponseRange().getKvsList()) {
				Entry entry = entry(keyValue);
				entries.put(entry.key(), entry);
			}
			snapshots.add(new Snapshot(header.getClusterId(), at, entries));
		}
		return snapshots;
	}

	private Entry refused(KeyValue keyValue) {
		throw new EtcdAccessException(Kind.TOO_LARGE,
				"the value of '%s' is too large to be read".formatted(entry(keyValue).key()), null);
	}

	/**
	 * The entry with its whole value, however large, because a document is useless in
	 * part.
	 */
	private Entry entry(KeyValue keyValue) {
		return new Entry(JetcdListerWatcher.key(this.connection.outOfNamespace(keyValue.getKey())),
				keyValue.getValue().toStringUtf8(), keyValue.getCreateRevision(), keyValue.getModRevision(),
				keyValue.getLease());
	}

}
