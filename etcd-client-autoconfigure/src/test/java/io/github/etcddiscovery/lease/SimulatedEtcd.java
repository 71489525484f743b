package io.github.etcddiscovery.lease;

import java.time.Duration;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;
import java.util.concurrent.CompletableFuture;
import java.util.function.Supplier;

import io.github.etcddiscovery.core.EtcdAccessException;
import io.github.etcddiscovery.core.EtcdAccessException.Kind;
import io.github.etcddiscovery.watch.Batch;
import io.github.etcddiscovery.watch.Change;
import io.github.etcddiscovery.watch.Entry;
import io.github.etcddiscovery.watch.KeyRange;
import io.github.etcddiscovery.watch.ListerWatcher;
import io.github.etcddiscovery.watch.Position;
import io.github.etcddiscovery.watch.Snapshot;

/**
 * An etcd in a {@link SimulatedWorld}: requests take time to arrive and answers to
 * return, both may be lost, and leases end by true time.
 */
final class SimulatedEtcd {

	private static final long MILLI = 1_000_000;

	private final SimulatedWorld world;

	private final Map<String, Entry> entries = new TreeMap<>();

	private final Map<Long, Long> leases = new LinkedHashMap<>();

	private final List<Change> history = new ArrayList<>();

	private final List<SimulatedWatch> watches = new ArrayList<>();

	private long revision = 100;

	private long lastLease = 0x1000;

	private final long ttl;

	private long requests;

	SimulatedEtcd(SimulatedWorld world, Duration ttl) {
		this.world = world;
		this.ttl = ttl.toNanos();
	}

	Map<String, Entry> entries() {
		expire();
		return this.entries;
	}

	Map<Long, Long> leases() {
		expire();
		return this.leases;
	}

	long requests() {
		return this.requests;
	}

	/**
	 * A new leader gives all leases their whole time again.
	 */
	void elect() {
		expire();
		this.leases.replaceAll((lease, end) -> this.world.now() + this.ttl);
	}

	void delete(String key) {
		expire();
		remove(key);
	}

	void revoke(long lease) {
		this.leases.remove(lease);
		List.copyOf(this.entries.values())
			.stream()
			.filter((entry) -> entry.lease() == lease)
			.forEach((entry) -> remove(entry.key()));
	}

	private void expire() {
		List.copyOf(this.leases.entrySet())
			.stream()
			.filter((lease) -> lease.getValue() <= this.world.now())
			.forEach((lease) -> revoke(lease.getKey()));
	}

	private void put(Entry entry) {
		this.revision++;
		Entry written = new Entry(entry.key(), entry.value(), this.revision, entry.lease());
		this.entries.put(entry.key(), written);
		publish(Change.put(written));
	}

	private void remove(String key) {
		if (this.entries.remove(key) != null) {
			this.revision++;
			publish(Change.delete(key, this.revision));
		}
	}

	private void publish(Change change) {
		this.history.add(change);
		List.copyOf(this.watches).forEach((watch) -> watch.see(change));
	}

	private void requireLease(long leaseId) {
		if (!this.leases.containsKey(leaseId)) {
			throw new EtcdAccessException(Kind.LEASE_NOT_FOUND, "no such lease", null);
		}
	}

	/**
	 * How one process reaches etcd.
	 */
	final class Link implements LeaseStore, QueueStore {

		private final SimulatedWorld.Loop loop;

		private long cutUntil;

		private double lossy;

		Link(SimulatedWorld.Loop loop) {
			this.loop = loop;
		}

		void cut(long nanos) {
			this.cutUntil = Math.max(this.cutUntil, SimulatedEtcd.this.world.now() + nanos);
		}

		void lossy(double share) {
			this.lossy = share;
		}

		private boolean passes() {
			return SimulatedEtcd.this.world.now() >= this.cutUntil
					&& SimulatedEtcd.this.world.random().nextDouble() >= this.lossy;
		}

		private long latency() {
			return (SimulatedEtcd.this.world.random().nextInt(20) == 0)
					? SimulatedEtcd.this.world.random().nextLong(4000 * MILLI)
					: SimulatedEtcd.this.world.random().nextLong(20 * MILLI);
		}

		private <T> CompletableFuture<T> ask(Duration deadline, Supplier<T> effect) {
			CompletableFuture<T> answer = new CompletableFuture<>();
			SimulatedEtcd.this.requests++;
			this.loop
				.schedule(
						() -> answer.completeExceptionally(
								new EtcdAccessException(Kind.TIMED_OUT, "no answer within the deadline", null)),
						deadline);
			if (passes()) {
				SimulatedEtcd.this.world.after(latency(), () -> {
					expire();
					T result = null;
					EtcdAccessException failure = null;
					try {
						result = effect.get();
					}
					catch (EtcdAccessException ex) {
						failure = ex;
					}
					if (passes()) {
						answer(answer, result, failure);
					}
				});
			}
			return answer;
		}

		private <T> void answer(CompletableFuture<T> answer, T result, EtcdAccessException failure) {
			SimulatedEtcd.this.world.after(latency(), () -> {
				if (failure != null) {
					answer.completeExceptionally(failure);
				}
				else {
					answer.complete(result);
				}
			});
		}

		private <T> CompletableFuture<T> ask(Supplier<T> effect) {
			return ask(Duration.ofSeconds(5), effect);
		}

		@Override
		public CompletableFuture<Long> grant(Duration ttl) {
			return ask(() -> {
				long lease = ++SimulatedEtcd.this.lastLease;
				SimulatedEtcd.this.leases.put(lease, SimulatedEtcd.this.world.now() + SimulatedEtcd.this.ttl);
				return lease;
			});
		}

		@Override
		public CompletableFuture<Void> renew(long leaseId) {
			return ask(Duration.ofNanos(SimulatedEtcd.this.ttl / 4), () -> {
				requireLease(leaseId);
				SimulatedEtcd.this.leases.put(leaseId, SimulatedEtcd.this.world.now() + SimulatedEtcd.this.ttl);
				return null;
			});
		}

		@Override
		public CompletableFuture<Void> revoke(long leaseId) {
			return ask(() -> {
				SimulatedEtcd.this.revoke(leaseId);
				return null;
			});
		}

		@Override
		public CompletableFuture<Optional<Entry>> read(String key) {
			return ask(() -> Optional.ofNullable(SimulatedEtcd.this.entries.get(key)));
		}

		@Override
		public CompletableFuture<Optional<Entry>> create(String key, String value, long leaseId) {
			throw new UnsupportedOperationException();
		}

		@Override
		public CompletableFuture<Boolean> put(String key, String value, long leaseId, long expectedModRevision) {
			throw new UnsupportedOperationException();
		}

		@Override
		public CompletableFuture<Boolean> delete(String key, long expectedModRevision) {
			throw new UnsupportedOperationException();
		}

		@Override
		public CompletableFuture<Optional<Place>> enter(String queue, String key, String value, long leaseId) {
			return ask(() -> {
				if (!SimulatedEtcd.this.entries.containsKey(key)) {
					requireLease(leaseId);
					SimulatedEtcd.this.put(new Entry(key, value, 0, leaseId));
				}
				return place(queue, key);
			});
		}

		@Override
		public CompletableFuture<Optional<Place>> look(String queue, String key, long createRevision) {
			return ask(() -> place(queue, key).filter((place) -> place.key().createRevision() == createRevision));
		}

		private Optional<Place> place(String queue, String key) {
			return Optional.ofNullable(SimulatedEtcd.this.entries.get(key))
				.map((own) -> new Place(own, SimulatedEtcd.this.entries.values()
					.stream()
					.filter((entry) -> entry.key().startsWith(queue) && entry.createRevision() < own.createRevision())
					.max(Comparator.comparingLong(Entry::createRevision))
					.orElse(null)));
		}

		@Override
		public CompletableFuture<Void> put(String key, String value) {
			throw new UnsupportedOperationException();
		}

		@Override
		public CompletableFuture<Boolean> delete(String key) {
			return ask(() -> {
				boolean existed = SimulatedEtcd.this.entries.containsKey(key);
				remove(key);
				return existed;
			});
		}

		ListerWatcher watches(KeyRange range) {
			return new ListerWatcher() {

				@Override
				public CompletableFuture<Snapshot> list() {
					return ask(() -> {
						Map<String, Entry> found = new HashMap<>();
						SimulatedEtcd.this.entries.values()
							.stream()
							.filter((entry) -> range.contains(entry.key()))
							.forEach((entry) -> found.put(entry.key(), entry));
						return new Snapshot(1, SimulatedEtcd.this.revision, found);
					});
				}

				@Override
				public CompletableFuture<Position> position() {
					return ask(() -> new Position(1, SimulatedEtcd.this.revision));
				}

				@Override
				public Watch watch(long fromRevision, Handler handler) {
					SimulatedWatch watch = new SimulatedWatch(Link.this, range, handler);
					watch.deliver(() -> {
						SimulatedEtcd.this.watches.add(watch);
						long revision = SimulatedEtcd.this.revision;
						List<Change> missed = SimulatedEtcd.this.history.stream()
							.filter((change) -> change.revision() >= fromRevision)
							.toList();
						watch.deliver(() -> handler.created(1, revision));
						missed.forEach(watch::see);
					});
					return watch;
				}

			};
		}

	}

	private final class SimulatedWatch implements ListerWatcher.Watch {

		private final Link link;

		private final KeyRange range;

		private final ListerWatcher.Handler handler;

		private long lastArrival;

		private boolean closed;

		SimulatedWatch(Link link, KeyRange range, ListerWatcher.Handler handler) {
			this.link = link;
			this.range = range;
			this.handler = handler;
		}

		/**
		 * In order, and nothing more after something was lost.
		 */
		void deliver(Runnable news) {
			if (this.closed || SimulatedEtcd.this.world.now() < this.link.cutUntil) {
				close();
				return;
			}
			this.lastArrival = Math.max(this.lastArrival, SimulatedEtcd.this.world.now() + this.link.latency());
			SimulatedEtcd.this.world.after(this.lastArrival - SimulatedEtcd.this.world.now(), () -> {
				if (!this.closed) {
					news.run();
				}
			});
		}

		void see(Change change) {
			if (this.range.contains(change.key())) {
				long revision = SimulatedEtcd.this.revision;
				deliver(() -> this.handler.changed(new Batch(1, revision, List.of(change))));
			}
		}

		@Override
		public void requestProgress() {
			long revision = SimulatedEtcd.this.revision;
			deliver(() -> this.handler.alive(1, revision));
		}

		@Override
		public CompletableFuture<Void> ping() {
			return this.link.ask(() -> null);
		}

		@Override
		public void close() {
			this.closed = true;
			SimulatedEtcd.this.watches.remove(this);
		}

	}

}
