package io.github.etcddiscovery.benchmarks;

import java.time.Duration;
import java.util.ArrayDeque;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Queue;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.Future;
import java.util.function.UnaryOperator;

import io.github.etcddiscovery.core.EventLoop;
import io.github.etcddiscovery.discovery.ServiceCatalog;
import io.github.etcddiscovery.instance.InstanceReader;
import io.github.etcddiscovery.instance.JsonCodec;
import io.github.etcddiscovery.watch.Batch;
import io.github.etcddiscovery.watch.Change;
import io.github.etcddiscovery.watch.Entry;
import io.github.etcddiscovery.watch.ListerWatcher;
import io.github.etcddiscovery.watch.Position;
import io.github.etcddiscovery.watch.Snapshot;
import org.jspecify.annotations.Nullable;

/**
 * The catalog of production, over a store that is a map and a loop that is the calling
 * thread, so that what is measured is the catalog alone.
 */
final class CatalogInMemory {

	private static final long CLUSTER = 1;

	private final Loop loop = new Loop();

	private final Store store;

	private final ServiceCatalog catalog;

	private long revision = 1;

	CatalogInMemory(int services, int instances) {
		Map<String, Entry> entries = new HashMap<>();
		for (int i = 0; i < services * instances; i++) {
			Entry entry = entry(service(i % services), i / services, "UP", this.revision);
			entries.put(entry.key(), entry);
		}
		this.store = new Store(new Snapshot(CLUSTER, this.revision, entries));
		this.catalog = new ServiceCatalog("services", new InstanceReader("services", List.of(new JsonCodec())),
				(range) -> this.store, this.loop, Duration.ofSeconds(5), Duration.ofSeconds(5));
		this.catalog.start();
		this.loop.runAll();
	}

	static String service(int number) {
		return "service-" + number;
	}

	private static Entry entry(String service, int instance, String status, long revision) {
		return new Entry("services/%s/host-%d".formatted(service, instance), """
				{"service":"%s","id":"host-%d","host":"10.0.%d.%d","port":8080,"scheme":"http","status":"%s",\
				"metadata":{"zone":"a"}}""".formatted(service, instance, instance / 256, instance % 256, status),
				revision, 1);
	}

	ServiceCatalog catalog() {
		return this.catalog;
	}

	/**
	 * One instance is written with another status; returns when the catalog has it.
	 */
	void change(String service, int instance, String status) {
		Entry entry = entry(service, instance, status, ++this.revision);
		Objects.requireNonNull(this.store.handler)
			.changed(new Batch(CLUSTER, this.revision, List.of(Change.put(this.store.reader.apply(entry)))));
		this.loop.runAll();
	}

	/**
	 * A store that has nothing to say by itself.
	 */
	private static final class Store implements ListerWatcher {

		private Snapshot snapshot;

		private @Nullable Handler handler;

		private UnaryOperator<Entry> reader = UnaryOperator.identity();

		Store(Snapshot snapshot) {
			this.snapshot = snapshot;
		}

		@Override
		public ListerWatcher reading(UnaryOperator<Entry> reader) {
			this.reader = reader;
			return this;
		}

		@Override
		public CompletableFuture<Snapshot> list() {
			Map<String, Entry> read = new HashMap<>();
			this.snapshot.entries().forEach((key, entry) -> read.put(key, this.reader.apply(entry)));
			// It is not the catalog's, which may be weighed
			this.snapshot = new Snapshot(this.snapshot.clusterId(), this.snapshot.revision(), Map.of());
			return CompletableFuture
				.completedFuture(new Snapshot(this.snapshot.clusterId(), this.snapshot.revision(), read));
		}

		@Override
		public CompletableFuture<Position> position() {
			return new CompletableFuture<>();
		}

		@Override
		public Watch watch(long fromRevision, Handler handler) {
			this.handler = handler;
			handler.created(this.snapshot.clusterId(), this.snapshot.revision());
			return new Watch() {

				@Override
				public void requestProgress() {
				}

				@Override
				public void close() {
				}

			};
		}

	}

	/**
	 * Runs tasks when told to, on the thread that says so; what is scheduled for later
	 * never comes.
	 */
	private static final class Loop implements EventLoop {

		private final Queue<Runnable> tasks = new ArrayDeque<>();

		void runAll() {
			for (Runnable task = this.tasks.poll(); task != null; task = this.tasks.poll()) {
				task.run();
			}
		}

		@Override
		public void execute(Runnable task) {
			this.tasks.add(task);
		}

		@Override
		public Future<?> schedule(Runnable task, Duration delay) {
			return new CompletableFuture<>();
		}

		@Override
		public long nanoTime() {
			return System.nanoTime();
		}

		@Override
		public boolean inLoop() {
			return true;
		}

		@Override
		public void close() {
		}

	}

}
