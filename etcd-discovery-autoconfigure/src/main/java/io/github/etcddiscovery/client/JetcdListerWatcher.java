package io.github.etcddiscovery.client;

import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HexFormat;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletableFuture;

import com.google.protobuf.ByteString;
import io.etcd.jetcd.api.Event;
import io.etcd.jetcd.api.KVGrpc;
import io.etcd.jetcd.api.KeyValue;
import io.etcd.jetcd.api.RangeRequest;
import io.etcd.jetcd.api.RangeResponse;
import io.etcd.jetcd.api.ResponseHeader;
import io.etcd.jetcd.api.WatchCreateRequest;
import io.etcd.jetcd.api.WatchRequest;
import io.etcd.jetcd.api.WatchResponse;
import io.github.etcddiscovery.core.EtcdAccessException;
import io.github.etcddiscovery.core.EtcdAccessException.Kind;
import io.github.etcddiscovery.watch.Batch;
import io.github.etcddiscovery.watch.Change;
import io.github.etcddiscovery.watch.Entry;
import io.github.etcddiscovery.watch.KeyRange;
import io.github.etcddiscovery.watch.ListerWatcher;
import io.github.etcddiscovery.watch.Position;
import io.github.etcddiscovery.watch.Snapshot;
import io.grpc.Status;

/**
 * Lists and watches a range of keys with jetcd's stubs. A list comes in pages that are
 * all read at the revision of the first one.
 */
public final class JetcdListerWatcher implements ListerWatcher {

	/**
	 * 5,000 entries of some hundred bytes stay well below gRPC's own limit of 4 MiB.
	 */
	private static final long PAGE_SIZE = 5000;

	/**
	 * Three times what is read as an instance, so that what is cut is still too large.
	 */
	private static final int LARGEST_VALUE = 200 * 1024;

	private static final ByteString ZERO = ByteString.copyFrom(new byte[] { 0 });

	private final EtcdConnection connection;

	private final KeyRange range;

	private final ByteString key;

	private final ByteString end;

	/**
	 * Create a lister-watcher.
	 * @param connection the connection
	 * @param range the keys
	 */
	public JetcdListerWatcher(EtcdConnection connection, KeyRange range) {
		this.connection = connection;
		this.range = range;
		this.key = connection.inNamespace(range.key());
		this.end = range.prefix() ? endOfPrefix(this.key) : after(this.key);
	}

	@Override
	public CompletableFuture<Snapshot> list() {
		return page(this.key, 0).thenCompose((first) -> {
			ResponseHeader header = first.getHeader();
			return collect(first, header.getRevision(), new HashMap<>())
				.thenApply((entries) -> new Snapshot(header.getClusterId(), header.getRevision(), entries));
		});
	}

	private CompletableFuture<Map<String, Entry>> collect(RangeResponse page, long revision,
			Map<String, Entry> entries) {
		page.getKvsList().forEach((keyValue) -> {
			Entry entry = entry(this.connection, keyValue);
			entries.put(entry.key(), entry);
		});
		if (!page.getMore() || page.getKvsCount() == 0) {
			return CompletableFuture.completedFuture(entries);
		}
		ByteString last = page.getKvs(page.getKvsCount() - 1).getKey();
		return page(after(last), revision).thenCompose((next) -> collect(next, revision, entries));
	}

	private CompletableFuture<RangeResponse> page(ByteString from, long revision) {
		RangeRequest request = RangeRequest.newBuilder()
			.setKey(from)
			.setRangeEnd(this.end)
			.setLimit(PAGE_SIZE)
			.setRevision(revision)
			.setKeysOnly(this.range.keysOnly())
			.build();
		return this.connection.read(KVGrpc.getRangeMethod(), request);
	}

	@Override
	public CompletableFuture<Position> position() {
		RangeRequest request = RangeRequest.newBuilder().setKey(this.key).setCountOnly(true).build();
		return this.connection.read(KVGrpc.getRangeMethod(), request)
			.thenApply(RangeResponse::getHeader)
			.thenApply((header) -> new Position(header.getClusterId(), header.getRevision()));
	}

	/**
	 * Nothing was written since and there are as many keys: then they are the same.
	 */
	@Override
	public CompletableFuture<Boolean> differs(Snapshot mirror) {
		RangeRequest request = RangeRequest.newBuilder()
			.setKey(this.key)
			.setRangeEnd(this.end)
			.setMinModRevision(mirror.revision() + 1)
			.setKeysOnly(true)
			.setLimit(1)
			.build();
		return this.connection.read(KVGrpc.getRangeMethod(), request)
			.thenApply((response) -> response.getKvsCount() > 0 || response.getCount() != mirror.entries().size());
	}

	@Override
	public Watch watch(long fromRevision, Handler handler) {
		WatchCreateRequest create = WatchCreateRequest.newBuilder()
			.setKey(this.key)
			.setRangeEnd(this.end)
			.setStartRevision(fromRevision)
			.build();
		WatchStream stream = this.connection.watch(WatchRequest.newBuilder().setCreateRequest(create).build(),
				(response) -> tell(handler, response), handler::failed);
		return new RunningWatch(stream, this.connection.onRenewal(handler::renewed));
	}

	private void tell(Handler handler, WatchResponse response) {
		long clusterId = response.getHeader().getClusterId();
		long revision = response.getHeader().getRevision();
		if (response.getCanceled()) {
			handler.failed(refused(response));
		}
		else if (response.getCreated()) {
			handler.created(clusterId, revision);
		}
		else if (response.getEventsCount() == 0) {
			handler.alive(clusterId, revision);
		}
		else {
			handler.changed(new Batch(clusterId, revision, changes(response.getEventsList())));
		}
	}

	private EtcdAccessException refused(WatchResponse response) {
		if (response.getCompactRevision() > 0) {
			return new EtcdAccessException(Kind.COMPACTED,
					"etcd has compacted what was before revision %d".formatted(response.getCompactRevision()), null);
		}
		return this.connection
			.translate(Status.UNKNOWN.withDescription(response.getCancelReason()).asRuntimeException());
	}

	private List<Change> changes(List<Event> events) {
		List<Change> changes = new ArrayList<>(events.size());
		for (Event event : events) {
			Entry entry = entry(this.connection, event.getKv());
			if (this.range.keysOnly()) {
				// etcd's watch can't leave them out, but they need not be kept.
				entry = new Entry(entry.key(), "", entry.createRevision(), entry.modRevision(), entry.lease());
			}
			changes.add((event.getType() == Event.EventType.DELETE) ? Change.delete(entry.key(), entry.modRevision())
					: Change.put(entry));
		}
		return changes;
	}

	/**
	 * The first key after all that begin with this one.
	 */
	private static ByteString endOfPrefix(ByteString prefix) {
		for (int i = prefix.size() - 1; i >= 0; i--) {
			int last = prefix.byteAt(i) & 0xFF;
			if (last < 0xFF) {
				return prefix.substring(0, i).concat(ByteString.copyFrom(new byte[] { (byte) (last + 1) }));
			}
		}
		return ZERO;
	}

	private static ByteString after(ByteString key) {
		return key.concat(ZERO);
	}

	static Entry entry(EtcdConnection connection, KeyValue keyValue) {
		return new Entry(key(connection.outOfNamespace(keyValue.getKey())), value(keyValue.getValue()),
				keyValue.getCreateRevision(), keyValue.getModRevision(), keyValue.getLease());
	}

	/**
	 * Keys that are not UTF-8 are of no use, but two of them must not become one.
	 */
	private static String key(ByteString bytes) {
		String text = bytes.toStringUtf8();
		return (text.indexOf('\uFFFD') < 0) ? text : text + HexFormat.of().formatHex(bytes.toByteArray());
	}

	/**
	 * What is far too large for an instance is cut, and not kept for as long as it stands
	 * in etcd.
	 */
	private static String value(ByteString bytes) {
		return ((bytes.size() <= LARGEST_VALUE) ? bytes : bytes.substring(0, LARGEST_VALUE))
			.toString(StandardCharsets.UTF_8);
	}

	@Override
	public String toString() {
		return this.range.toString();
	}

	private record RunningWatch(WatchStream stream, Runnable unregistration) implements Watch {

		@Override
		public void requestProgress() {
			this.stream.requestProgress();
		}

		@Override
		public void shun() {
			this.stream.shun();
		}

		@Override
		public void close() {
			this.unregistration.run();
			this.stream.close();
		}

	}

}
