package io.github.etcddiscovery.client;

import java.time.Duration;
import java.util.ArrayList;
import java.util.HexFormat;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.function.BiFunction;
import java.util.function.UnaryOperator;

import com.google.protobuf.ByteString;
import com.google.protobuf.UnknownFieldSet;
import io.etcd.jetcd.api.Event;
import io.etcd.jetcd.api.KVGrpc;
import io.etcd.jetcd.api.KeyValue;
import io.etcd.jetcd.api.RangeRequest;
import io.etcd.jetcd.api.RangeResponse;
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
import io.grpc.MethodDescriptor;
import io.grpc.Status;

/**
 * Lists and watches a range of keys with jetcd's stubs. A list comes in pages that are
 * all read at the revision of the first one.
 */
public final class JetcdListerWatcher implements ListerWatcher {

	/**
	 * Three times what is read as an instance.
	 */
	private static final int LARGEST_VALUE = 200 * 1024;

	/**
	 * What a watch may have to catch up with at once; a list costs less.
	 */
	private static final long MOST_CHARACTERS = 64 * 1024 * 1024;

	private static final Duration PING_TIMEOUT = Duration.ofSeconds(2);

	/**
	 * In the place of a value that is too large, which would be kept for as long as it
	 * stands in etcd.
	 */
	private static final String TOO_LARGE = " ".repeat(LARGEST_VALUE + 1);

	/**
	 * The fields 'fragment' of a watch and of its responses, which jetcd's stubs don't
	 * know. A response without it is the last one.
	 */
	private static final UnknownFieldSet IN_FRAGMENTS = UnknownFieldSet.newBuilder()
		.addField(8, UnknownFieldSet.Field.newBuilder().addVarint(1).build())
		.build();

	private static final int FRAGMENT_OF_RESPONSE = 7;

	private static final ByteString ZERO = ByteString.copyFrom(new byte[] { 0 });

	private final EtcdConnection connection;

	private final KeyRange range;

	private final ByteString key;

	private final ByteString end;

	private final UnaryOperator<Entry> reader;

	private volatile long pageSize = PagedList.LARGEST_PAGE;

	/**
	 * Create a lister-watcher.
	 * @param connection the connection
	 * @param range the keys
	 */
	public JetcdListerWatcher(EtcdConnection connection, KeyRange range) {
		this(connection, range, UnaryOperator.identity());
	}

	private JetcdListerWatcher(EtcdConnection connection, KeyRange range, UnaryOperator<Entry> reader) {
		this.connection = connection;
		this.range = range;
		this.reader = reader;
		this.key = connection.inNamespace(range.key());
		this.end = end(this.key, range);
	}

	@Override
	public ListerWatcher reading(UnaryOperator<Entry> reader) {
		return new JetcdListerWatcher(this.connection, this.range, reader);
	}

	@Override
	public CompletableFuture<Snapshot> list() {
		return list(range().build(), this.connection::read);
	}

	@Override
	public CompletableFuture<Snapshot> listStale() {
		return list(range().setSerializable(true).build(), this.connection::readStale);
	}

	private CompletableFuture<Snapshot> list(RangeRequest range,
			BiFunction<MethodDescriptor<RangeRequest, RangeResponse>, RangeRequest, CompletableFuture<RangeResponse>> etcd) {
		PagedList list = new PagedList((request) -> etcd.apply(KVGrpc.getRangeMethod(), request), range,
				(keyValue) -> this.reader.apply(entry(keyValue)),
				(keyValue) -> this.reader.apply(unreadable(this.connection, keyValue)), this.pageSize);
		return list.read().whenComplete((snapshot, failure) -> this.pageSize = list.pageSize());
	}

	private RangeRequest.Builder range() {
		return range(this.connection, this.range);
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
		RangeRequest request = range().setMinModRevision(mirror.revision() + 1).setKeysOnly(true).setLimit(1).build();
		return this.connection.read(KVGrpc.getRangeMethod(), request)
			.thenApply((response) -> response.getKvsCount() > 0 || response.getCount() != mirror.entries().size());
	}

	@Override
	public Watch watch(long fromRevision, Handler handler) {
		WatchCreateRequest create = WatchCreateRequest.newBuilder()
			.setKey(this.key)
			.setRangeEnd(this.end)
			.setStartRevision(fromRevision)
			.setUnknownFields(IN_FRAGMENTS)
			.build();
		Responses responses = new Responses(handler);
		WatchStream stream = this.connection.watch(WatchRequest.newBuilder().setCreateRequest(create).build(),
				responses::accept, handler::failed);
		return new RunningWatch(stream, this.connection.onReplacement(handler::connectionReplaced),
				RangeRequest.newBuilder().setKey(this.key).setSerializable(true).setCountOnly(true).build());
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
			Entry entry = entry(event.getKv());
			changes.add((event.getType() == Event.EventType.DELETE) ? Change.delete(entry.key(), entry.modRevision())
					: Change.put(entry));
		}
		return changes;
	}

	/**
	 * Of keys alone, a list of etcd 3.7 does not tell the lease, but a watch does, which
	 * can't leave out the value either: without both, the same key is the same entry.
	 */
	private Entry entry(KeyValue keyValue) {
		Entry entry = entry(this.connection, keyValue);
		return this.range.keysOnly() ? withoutLease(entry, "") : entry;
	}

	private static Entry withoutLease(Entry entry, String value) {
		return new Entry(entry.key(), value, entry.createRevision(), entry.modRevision(), 0);
	}

	static RangeRequest.Builder range(EtcdConnection connection, KeyRange range) {
		ByteString key = connection.inNamespace(range.key());
		return RangeRequest.newBuilder().setKey(key).setRangeEnd(end(key, range)).setKeysOnly(range.keysOnly());
	}

	private static ByteString end(ByteString key, KeyRange range) {
		return range.prefix() ? endOfPrefix(key) : after(key);
	}

	/**
	 * The first key after all that begin with this one.
	 */
	static ByteString endOfPrefix(ByteString prefix) {
		for (int i = prefix.size() - 1; i >= 0; i--) {
			int last = prefix.byteAt(i) & 0xFF;
			if (last < 0xFF) {
				return prefix.substring(0, i).concat(ByteString.copyFrom(new byte[] { (byte) (last + 1) }));
			}
		}
		return ZERO;
	}

	static ByteString after(ByteString key) {
		return key.concat(ZERO);
	}

	static Entry entry(EtcdConnection connection, KeyValue keyValue) {
		String value = value(keyValue.getValue());
		return new Entry(key(connection.outOfNamespace(keyValue.getKey())), value, keyValue.getCreateRevision(),
				keyValue.getModRevision(), (value != TOO_LARGE) ? keyValue.getLease() : 0);
	}

	/**
	 * Keys that are not UTF-8 are of no use, but two of them must not become one.
	 */
	static String key(ByteString bytes) {
		String text = bytes.toStringUtf8();
		return (text.indexOf('\uFFFD') < 0) ? text : text + HexFormat.of().formatHex(bytes.toByteArray());
	}

	private static Entry unreadable(EtcdConnection connection, KeyValue keyValue) {
		return withoutLease(entry(connection, keyValue), TOO_LARGE);
	}

	private static String value(ByteString bytes) {
		return (bytes.size() <= LARGEST_VALUE) ? bytes.toStringUtf8() : TOO_LARGE;
	}

	@Override
	public String toString() {
		return this.range.toString();
	}

	/**
	 * Hands on what a watch tells, one response at a time. etcd sends one that is large
	 * in fragments, so that it need not be accepted as a whole; what is kept of it is
	 * not.
	 */
	private final class Responses {

		private final Handler handler;

		private List<Change> changes = new ArrayList<>();

		private long characters;

		Responses(Handler handler) {
			this.handler = handler;
		}

		void accept(WatchResponse response) {
			long clusterId = response.getHeader().getClusterId();
			long revision = response.getHeader().getRevision();
			if (response.getCanceled()) {
				this.handler.failed(refused(response));
			}
			else if (response.getCreated()) {
				this.handler.created(clusterId, revision);
			}
			else if (response.getEventsCount() == 0 && this.changes.isEmpty()) {
				this.handler.alive(clusterId, revision);
			}
			else if (collect(response)) {
				List<Change> changes = this.changes;
				this.changes = new ArrayList<>();
				this.characters = 0;
				this.handler.changed(new Batch(clusterId, revision, changes));
			}
		}

		/**
		 * Take the changes of a response.
		 * @return whether it is the last of those that belong together
		 */
		private boolean collect(WatchResponse response) {
			for (Change change : changes(response.getEventsList())) {
				Entry entry = change.entry();
				this.characters += (entry != null && entry.value() != TOO_LARGE) ? entry.value().length() : 0;
				this.changes.add((entry != null) ? Change.put(JetcdListerWatcher.this.reader.apply(entry)) : change);
			}
			if (this.characters > MOST_CHARACTERS) {
				this.handler.failed(new EtcdAccessException(Kind.TOO_LARGE,
						"the watch has more than %d characters to catch up with".formatted(MOST_CHARACTERS), null));
				return false;
			}
			return !response.getUnknownFields().hasField(FRAGMENT_OF_RESPONSE);
		}

	}

	private record RunningWatch(WatchStream stream, Runnable unregistration, RangeRequest question) implements Watch {

		@Override
		public void requestProgress() {
			this.stream.requestProgress();
		}

		@Override
		public CompletableFuture<Void> ping() {
			return this.stream.ask(KVGrpc.getRangeMethod(), this.question, PING_TIMEOUT).thenAccept((pong) -> {
			});
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
