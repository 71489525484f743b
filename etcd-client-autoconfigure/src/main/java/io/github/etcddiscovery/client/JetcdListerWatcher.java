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
 * Lists and watches a range of keys with jetcd's stubs. A list is read in pages, all at
 * the revision of the first page.
 */
public final class JetcdListerWatcher implements ListerWatcher {

	/**
	 * Three times the largest value that is read as an instance.
	 */
	private static final int LARGEST_VALUE = 200 * 1024;

	/**
	 * How much a watch may deliver in one batch; beyond that, a list costs less.
	 */
	private static final long MOST_CHARACTERS = 64 * 1024 * 1024;

	private static final Duration PING_TIMEOUT = Duration.ofSeconds(2);

	/**
	 * Replaces a value that is too large, so that the mirror does not keep that value in
	 * memory.
	 */
	private static final String TOO_LARGE = " ".repeat(LARGEST_VALUE + 1);

	/**
	 * The field 'fragment' of a watch request and of its responses, which jetcd's stubs
	 * don't know. A response without the field is the last fragment.
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
	 * Whether a watch asks etcd to cut responses that are too large. Only after one was:
	 * when many keys change in one transaction, etcd takes a second of processor time for
	 * some ten thousand of them to find the places to cut, for each watch.
	 */
	private volatile boolean inFragments;

	/**
	 * Create a lister-watcher.
	 * @param connection carries the requests
	 * @param range the keys to list and watch
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
		PagedList list = new PagedList((request) -> etcd.apply(KVGrpc.getRangeMethod(), request),
				this.connection.converter(), range, (keyValue) -> this.reader.apply(entry(keyValue)),
				(keyValue) -> this.reader.apply(unreadable(this.connection, keyValue)), this.pageSize);
		return this.connection.owed(list.read()).whenComplete((snapshot, failure) -> this.pageSize = list.pageSize());
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
	 * The range is unchanged if no key was written since the mirror's revision and the
	 * number of keys is the same.
	 */
	@Override
	public CompletableFuture<Boolean> differs(Snapshot mirror) {
		RangeRequest request = range().setMinModRevision(mirror.revision() + 1).setKeysOnly(true).setLimit(1).build();
		return this.connection.read(KVGrpc.getRangeMethod(), request)
			.thenApply((response) -> response.getKvsCount() > 0 || response.getCount() != mirror.entries().size());
	}

	@Override
	public Watch watch(long fromRevision, Handler handler) {
		WatchCreateRequest.Builder create = WatchCreateRequest.newBuilder()
			.setKey(this.key)
			.setRangeEnd(this.end)
			.setStartRevision(fromRevision);
		if (this.inFragments) {
			create.setUnknownFields(IN_FRAGMENTS);
		}
		Responses responses = new Responses(handler);
		WatchStream stream = this.connection.watch(WatchRequest.newBuilder().setCreateRequest(create).build(),
				responses::accept, (failure) -> {
					this.inFragments = this.inFragments || failure.getKind() == Kind.TOO_LARGE;
					handler.failed(failure);
				});
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
	 * An entry of a key without its value also leaves out the lease. A list of keys alone
	 * does not return the lease on etcd 3.7, while a watch always sends lease and value.
	 * Without both, the same key is the same entry in a list and in a watch.
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
	 * The first key after all keys with this prefix.
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
	 * A key that is not UTF-8 can't be used, but two such keys must stay distinct.
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
	 * Passes the responses of a watch on to the handler. If asked to, etcd sends a large
	 * response in fragments, so that no single message exceeds the limit; their changes
	 * are collected into one batch.
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
		 * Collect the changes of a response.
		 * @return whether this is the last fragment
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
