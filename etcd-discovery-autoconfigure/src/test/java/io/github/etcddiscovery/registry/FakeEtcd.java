package io.github.etcddiscovery.registry;

import java.time.Duration;
import java.util.ArrayList;
import java.util.EnumMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.Set;
import java.util.TreeMap;
import java.util.concurrent.CompletableFuture;
import java.util.function.Consumer;
import java.util.function.Supplier;

import io.github.etcddiscovery.core.EtcdAccessException;
import io.github.etcddiscovery.core.EtcdAccessException.Kind;
import io.github.etcddiscovery.core.EventLoop;
import io.github.etcddiscovery.lease.LeaseStore;
import io.github.etcddiscovery.registry.FakeRequest.Operation;
import io.github.etcddiscovery.watch.Batch;
import io.github.etcddiscovery.watch.Change;
import io.github.etcddiscovery.watch.Entry;
import io.github.etcddiscovery.watch.KeyRange;
import io.github.etcddiscovery.watch.ListerWatcher;
import io.github.etcddiscovery.watch.Position;
import io.github.etcddiscovery.watch.Snapshot;
import org.jspecify.annotations.Nullable;

/**
 * An etcd in memory, on the time of a test's loop. Requests are carried out at once
 * unless the test gives a script, which may hold them, fail them, or carry them out and
 * fail them all the same. What others do to the keys is done by {@link #write},
 * {@link #delete} and {@link #endLease}.
 */
final class FakeEtcd implements LeaseStore {

	private final EventLoop loop;

	private final Map<String, Entry> entries = new TreeMap<>();

	private final Map<Long, Long> leases = new LinkedHashMap<>();

	private final List<Change> history = new ArrayList<>();

	private final List<FakeWatch> watches = new ArrayList<>();

	private final List<FakeRequest> late = new ArrayList<>();

	private final Map<Operation, Integer> counts = new EnumMap<>(Operation.class);

	private Consumer<FakeRequest> script = FakeRequest::complete;

	private Consumer<Overwrite> onOverwrite = (overwrite) -> {
	};

	private Duration ttl = Duration.ZERO;

	private long clusterId = 1;

	private long revision = 100;

	private long lastLease = 0x1000;

	private boolean watchesHeld;

	FakeEtcd(EventLoop loop) {
		this.loop = loop;
	}

	/**
	 * What becomes of the requests from now on.
	 */
	void script(Consumer<FakeRequest> script) {
		this.script = script;
	}

	/**
	 * Carry out all requests at once from now on.
	 */
	void calm() {
		this.script = FakeRequest::complete;
	}

	/**
	 * Hold the requests of one kind back from now on.
	 * @return where they gather
	 */
	List<FakeRequest> hold(Operation operation) {
		List<FakeRequest> held = new ArrayList<>();
		this.script = (request) -> {
			if (request.operation() == operation) {
				held.add(request);
			}
			else {
				request.complete();
			}
		};
		return held;
	}

	/**
	 * Fail the requests of these kinds from now on.
	 */
	void fail(Kind kind, Operation... operations) {
		this.script = (request) -> {
			if (Set.of(operations).contains(request.operation())) {
				request.fail(kind);
			}
			else {
				request.complete();
			}
		};
	}

	/**
	 * Fail everything from now on.
	 */
	void failAll(Kind kind) {
		this.script = (request) -> request.fail(kind);
	}

	/**
	 * The request fails now and happens later, but before any write that comes after it:
	 * it is in etcd's log already.
	 */
	void applyLate(FakeRequest request) {
		this.late.add(request);
		request.fail(Kind.TIMED_OUT);
	}

	void applyLateOnes() {
		List.copyOf(this.late).forEach(FakeRequest::apply);
		this.late.clear();
	}

	/**
	 * Is told of each write and delete that the code under test makes over something.
	 */
	void onOverwrite(Consumer<Overwrite> listener) {
		this.onOverwrite = listener;
	}

	int count(Operation operation) {
		return this.counts.getOrDefault(operation, 0);
	}

	Map<String, Entry> entries() {
		expire();
		return this.entries;
	}

	@Nullable Entry entry(String key) {
		return entries().get(key);
	}

	Set<Long> leases() {
		expire();
		return this.leases.keySet();
	}

	boolean isAlive(long lease) {
		return leases().contains(lease);
	}

	/**
	 * A lease of somebody else, which lives until it is ended.
	 */
	long foreignLease() {
		long id = ++this.lastLease;
		this.leases.put(id, Long.MAX_VALUE);
		return id;
	}

	/**
	 * Write as somebody else.
	 */
	void write(String key, String value, long lease) {
		expire();
		applyLateOnes();
		put(new Entry(key, value, this.revision + 1, lease));
	}

	/**
	 * Delete as somebody else.
	 */
	void delete(String key) {
		expire();
		applyLateOnes();
		if (this.entries.containsKey(key)) {
			remove(key);
		}
	}

	void endLease(long lease) {
		this.leases.remove(lease);
		List<String> keys = this.entries.values()
			.stream()
			.filter((entry) -> entry.lease() == lease)
			.map(Entry::key)
			.toList();
		keys.forEach(this::remove);
	}

	/**
	 * Another, empty etcd answers from now on.
	 */
	void wipe() {
		this.clusterId++;
		this.entries.clear();
		this.leases.clear();
		this.late.clear();
		this.history.clear();
		this.revision = 1;
		breakWatches();
	}

	void breakWatches() {
		List<FakeWatch> broken = List.copyOf(this.watches);
		this.watches.clear();
		broken.forEach((watch) -> watch.handler()
			.failed(new EtcdAccessException(Kind.UNREACHABLE, "the watch was cut", null)));
	}

	/**
	 * Keep what the watches see to themselves until they are released.
	 */
	void holdWatches() {
		this.watchesHeld = true;
	}

	void releaseWatches() {
		this.watchesHeld = false;
		this.watches.forEach(FakeWatch::flush);
	}

	int openWatches() {
		return this.watches.size();
	}

	ListerWatcher watch(KeyRange range) {
		return new ListerWatcher() {

			@Override
			public CompletableFuture<Snapshot> list() {
				return ask(Operation.LIST, () -> {
					Entry entry = FakeEtcd.this.entries.get(range.key());
					return new Snapshot(FakeEtcd.this.clusterId, FakeEtcd.this.revision,
							(entry != null) ? Map.of(entry.key(), entry) : Map.of());
				});
			}

			@Override
			public CompletableFuture<Position> position() {
				return CompletableFuture.completedFuture(FakeEtcd.this.position());
			}

			@Override
			public Watch watch(long fromRevision, Handler handler) {
				FakeWatch watch = new FakeWatch(range.key(), handler, new ArrayList<>());
				FakeEtcd.this.watches.add(watch);
				handler.created(FakeEtcd.this.clusterId, FakeEtcd.this.revision);
				FakeEtcd.this.history.stream()
					.filter((change) -> change.revision() >= fromRevision)
					.forEach(watch::see);
				return watch;
			}

		};
	}

	@Override
	public CompletableFuture<Long> grant(Duration ttl) {
		return ask(Operation.GRANT, () -> {
			this.ttl = ttl;
			long id = ++this.lastLease;
			prolong(id);
			return id;
		});
	}

	@Override
	public CompletableFuture<Void> renew(long leaseId) {
		return ask(Operation.RENEW, () -> {
			requireLease(leaseId);
			prolong(leaseId);
			return null;
		});
	}

	@Override
	public CompletableFuture<Void> revoke(long leaseId) {
		return ask(Operation.REVOKE, () -> {
			endLease(leaseId);
			return null;
		});
	}

	@Override
	public CompletableFuture<Optional<Entry>> read(String key) {
		return ask(Operation.READ, () -> Optional.ofNullable(this.entries.get(key)));
	}

	@Override
	public CompletableFuture<Optional<Entry>> create(String key, String value, long leaseId) {
		return ask(Operation.PUT, () -> {
			requireLease(leaseId);
			Optional<Entry> found = Optional.ofNullable(this.entries.get(key));
			if (found.isEmpty()) {
				put(new Entry(key, value, this.revision + 1, leaseId));
			}
			return found;
		});
	}

	@Override
	public CompletableFuture<Boolean> put(String key, String value, long leaseId, long expectedModRevision) {
		return ask(Operation.PUT, () -> {
			if (leaseId != 0) {
				requireLease(leaseId);
			}
			if (isChanged(key, expectedModRevision)) {
				return false;
			}
			overwritten(key, leaseId);
			put(new Entry(key, value, this.revision + 1, leaseId));
			return true;
		});
	}

	@Override
	public CompletableFuture<Boolean> delete(String key, long expectedModRevision) {
		return ask(Operation.DELETE, () -> {
			if (isChanged(key, expectedModRevision)) {
				return false;
			}
			if (this.entries.containsKey(key)) {
				overwritten(key, 0);
				remove(key);
			}
			return true;
		});
	}

	private <T> CompletableFuture<T> ask(Operation operation, Supplier<T> effect) {
		this.counts.merge(operation, 1, Integer::sum);
		boolean writes = operation != Operation.READ && operation != Operation.LIST;
		FakeRequest[] self = new FakeRequest[1];
		self[0] = new FakeRequest(operation, () -> {
			expire();
			if (writes && !this.late.contains(self[0])) {
				applyLateOnes();
			}
			return effect.get();
		});
		this.script.accept(self[0]);
		return self[0].future();
	}

	private Position position() {
		return new Position(this.clusterId, this.revision);
	}

	private void requireLease(long leaseId) {
		if (!this.leases.containsKey(leaseId)) {
			throw new EtcdAccessException(Kind.LEASE_NOT_FOUND, "requested lease not found", null);
		}
	}

	private void prolong(long leaseId) {
		this.leases.put(leaseId, this.loop.nanoTime() + this.ttl.toNanos());
		this.loop.schedule(this::expire, this.ttl);
	}

	private void expire() {
		long now = this.loop.nanoTime();
		List<Long> ended = this.leases.entrySet()
			.stream()
			.filter((lease) -> lease.getValue() <= now)
			.map(Map.Entry::getKey)
			.toList();
		ended.forEach(this::endLease);
	}

	private boolean isChanged(String key, long expectedModRevision) {
		Entry entry = this.entries.get(key);
		return ((entry != null) ? entry.modRevision() : 0) != expectedModRevision;
	}

	private void overwritten(String key, long leaseId) {
		Entry last = this.entries.get(key);
		if (last != null) {
			this.onOverwrite.accept(new Overwrite(last, leaseId));
		}
	}

	private void put(Entry entry) {
		this.revision = entry.modRevision();
		this.entries.put(entry.key(), entry);
		tell(Change.put(entry));
	}

	private void remove(String key) {
		Objects.requireNonNull(this.entries.remove(key));
		tell(Change.delete(key, ++this.revision));
	}

	private void tell(Change change) {
		this.history.add(change);
		List.copyOf(this.watches).forEach((watch) -> watch.see(change));
	}

	/**
	 * A write or delete of the code under test that met something.
	 *
	 * @param last what was there
	 * @param leaseId the lease that it was written under, or 0 when it was deleted
	 */
	record Overwrite(Entry last, long leaseId) {
	}

	private final class FakeWatch implements ListerWatcher.Watch {

		private final String key;

		private final ListerWatcher.Handler handler;

		private final List<Change> held;

		FakeWatch(String key, ListerWatcher.Handler handler, List<Change> held) {
			this.key = key;
			this.handler = handler;
			this.held = held;
		}

		ListerWatcher.Handler handler() {
			return this.handler;
		}

		@Override
		public void requestProgress() {
			this.handler.alive(FakeEtcd.this.clusterId, FakeEtcd.this.revision);
		}

		@Override
		public void close() {
			FakeEtcd.this.watches.remove(this);
		}

		void see(Change change) {
			if (change.key().equals(this.key)) {
				this.held.add(change);
			}
			if (!FakeEtcd.this.watchesHeld) {
				flush();
			}
		}

		void flush() {
			this.held.forEach((change) -> this.handler
				.changed(new Batch(FakeEtcd.this.clusterId, change.revision(), List.of(change))));
			this.held.clear();
		}

	}

}
