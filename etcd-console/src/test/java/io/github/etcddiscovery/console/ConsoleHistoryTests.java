package io.github.etcddiscovery.console;

import java.time.Clock;
import java.time.Duration;
import java.time.Instant;
import java.time.ZoneOffset;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.concurrent.CompletableFuture;

import io.github.etcddiscovery.catalog.CatalogSettings;
import io.github.etcddiscovery.catalog.OverrideMirror;
import io.github.etcddiscovery.console.ConsoleEvent.Kind;
import io.github.etcddiscovery.core.ManualEventLoop;
import io.github.etcddiscovery.core.Monitor;
import io.github.etcddiscovery.discovery.ServiceCatalog;
import io.github.etcddiscovery.instance.EtcdServiceInstance;
import io.github.etcddiscovery.instance.InstanceReader;
import io.github.etcddiscovery.instance.JsonCodec;
import io.github.etcddiscovery.probe.AddressProbe;
import io.github.etcddiscovery.watch.Batch;
import io.github.etcddiscovery.watch.Change;
import io.github.etcddiscovery.watch.Entry;
import io.github.etcddiscovery.watch.ListerWatcher;
import io.github.etcddiscovery.watch.MirrorTiming;
import io.github.etcddiscovery.watch.Position;
import io.github.etcddiscovery.watch.Snapshot;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

import static org.assertj.core.api.Assertions.assertThat;

/**
 * Tests for {@link ConsoleHistory}, on an etcd in memory.
 */
class ConsoleHistoryTests {

	private static final Instant NOW = Instant.parse("2026-11-28T12:00:00Z");

	private static final long LEASE = 7;

	private final ManualEventLoop loop = new ManualEventLoop();

	private final Source services = new Source();

	private final Source operators = new Source();

	private final ServiceCatalog catalog = new ServiceCatalog(
			CatalogSettings.defaults("services", Duration.ofSeconds(5), Duration.ofSeconds(5)),
			new InstanceReader("services", List.of(new JsonCodec())), (range) -> this.services, this.loop,
			(host, port) -> CompletableFuture.completedFuture(AddressProbe.Answer.UNKNOWN),
			(lease) -> CompletableFuture.completedFuture(false), Monitor.NONE);

	private final OverrideMirror overrides = new OverrideMirror("overrides", this.catalog.store(), this.operators,
			this.loop, MirrorTiming.of(Duration.ofSeconds(5)), Clock.fixed(NOW, ZoneOffset.UTC));

	private CompletableFuture<Boolean> leaseLives = new CompletableFuture<>();

	private final ConsoleHistory history = new ConsoleHistory(this.catalog, Clock.fixed(NOW, ZoneOffset.UTC), "epoch",
			EtcdServiceInstance::getMetadata, (lease) -> this.leaseLives);

	@BeforeEach
	void start() {
		this.catalog.start();
		this.overrides.start();
		this.loop.runDue();
		this.services.begin();
		this.operators.begin();
		this.loop.runDue();
	}

	@Test
	void tellsAllAtFirstAndThenWhatIsNew() {
		put("services/orders/a", "UP");
		put("services/payments/a", "UP");
		Changes first = this.history.since(null);
		assertThat(first.full()).isTrue();
		assertThat(first.services()).containsOnlyKeys("orders", "payments");
		assertThat(first.events()).as("what was there before is no news").isEmpty();
		put("services/orders/b", "UP");
		Changes second = this.history.since(first.revision());
		assertThat(second.full()).isFalse();
		assertThat(second.services()).containsOnlyKeys("orders");
		assertThat(second.services().get("orders")).extracting(InstanceView::id).containsExactly("b");
		assertThat(second.events()).extracting(ConsoleEvent::kind).containsExactly(Kind.CAME);
		Changes third = this.history.since(second.revision());
		assertThat(third.services()).isEmpty();
		assertThat(third.events()).isEmpty();
		assertThat(third.revision()).isEqualTo(second.revision());
	}

	@Test
	void tellsAllAgainToThoseWhoKnowAnotherProcessOrTalkNonsense() {
		put("services/orders/a", "UP");
		String known = this.history.since(null).revision();
		assertThat(this.history.since(known).full()).isFalse();
		for (String unknown : List.of("other-1", "epoch-", "epoch-x", "epoch-999", "epoch--1", "")) {
			assertThat(this.history.since(unknown).full()).as(unknown).isTrue();
		}
	}

	@Test
	void tellsWhatIsGone() {
		put("services/orders/a", "UP");
		put("services/orders/b", "OUT_OF_SERVICE");
		String known = this.history.since(null).revision();
		this.services.delete("services/orders/a");
		this.services.delete("services/orders/b");
		this.loop.runDue();
		Changes changes = this.history.since(known);
		assertThat(changes.removed().get("orders")).containsExactlyInAnyOrder("services/orders/a", "services/orders/b");
		assertThat(changes.events()).extracting(ConsoleEvent::kind).containsExactlyInAnyOrder(Kind.VANISHED, Kind.LEFT);
		assertThat(changes.events()).extracting(ConsoleEvent::up).containsExactlyInAnyOrder(-1, 0);
	}

	@Test
	void tellsAVanishedInstanceAgainWhenItIsKnownWhatBecameOfIt() {
		put("services/orders/a", "UP");
		String known = this.history.since(null).revision();
		this.services.delete("services/orders/a");
		this.loop.runDue();
		Changes before = this.history.since(known);
		assertThat(before.events()).extracting(ConsoleEvent::text).containsExactly("vanished without a goodbye");
		this.leaseLives.complete(true);
		Changes after = this.history.since(before.revision());
		assertThat(after.events()).extracting(ConsoleEvent::text)
			.containsExactly("its key was deleted, its lease lives on");
		assertThat(after.events().get(0).number()).isEqualTo(before.events().get(0).number());
	}

	@Test
	void saysWhyAnInstanceHasAnotherStatus() {
		put("services/orders/a", "UP");
		String known = this.history.since(null).revision();
		put("services/orders/a", "DOWN");
		Changes own = this.history.since(known);
		assertThat(texts(own)).containsExactly("status UP → DOWN");
		this.operators.put("overrides/orders/a",
				"{\"status\":\"UP\",\"by\":\"alice\",\"until\":\"2026-11-28T12:10:00.123Z\"}", 0);
		this.loop.runDue();
		Changes overridden = this.history.since(own.revision());
		assertThat(texts(overridden))
			.containsExactly("status DOWN → UP, by an override of alice until 2026-11-28T12:10:00Z");
		this.operators.delete("overrides/orders/a");
		this.loop.runDue();
		assertThat(texts(this.history.since(overridden.revision())))
			.containsExactly("status UP → DOWN, for the override of alice has ended");
	}

	@Test
	void forgetsTheOldestEventsAndNothingElse() {
		put("services/payments/a", "UP");
		this.history.since(null);
		for (int i = 0; i < ConsoleHistory.MAX_EVENTS + 5; i++) {
			put("services/orders/a", (i % 2 == 0) ? "UP" : "DOWN");
			this.history.look();
		}
		Changes changes = this.history.since(null);
		assertThat(changes.events()).hasSize(ConsoleHistory.MAX_EVENTS);
		assertThat(changes.events().get(0).number()).isEqualTo(6);
		assertThat(changes.services()).containsOnlyKeys("orders", "payments");
	}

	private static List<String> texts(Changes changes) {
		return changes.events().stream().map(ConsoleEvent::text).toList();
	}

	private void put(String key, String status) {
		this.services.put(key, "{\"host\":\"h\",\"port\":1,\"status\":\"%s\"}".formatted(status), LEASE);
		this.loop.runDue();
	}

	/**
	 * Empty at first, and watched by one.
	 */
	private static final class Source implements ListerWatcher {

		private final Map<String, Entry> entries = new TreeMap<>();

		private ListerWatcher.@Nullable Handler handler;

		private long revision = 1;

		void begin() {
			handler().created(1, this.revision);
		}

		void put(String key, String value, long lease) {
			Entry entry = new Entry(key, value, ++this.revision, lease);
			this.entries.put(key, entry);
			handler().changed(new Batch(1, this.revision, List.of(Change.put(entry))));
		}

		void delete(String key) {
			this.entries.remove(key);
			handler().changed(new Batch(1, ++this.revision, List.of(Change.delete(key, this.revision))));
		}

		private Handler handler() {
			if (this.handler == null) {
				throw new IllegalStateException("There is no watch");
			}
			return this.handler;
		}

		@Override
		public CompletableFuture<Snapshot> list() {
			return CompletableFuture.completedFuture(new Snapshot(1, this.revision, Map.copyOf(this.entries)));
		}

		@Override
		public CompletableFuture<Position> position() {
			return CompletableFuture.completedFuture(new Position(1, this.revision));
		}

		@Override
		public Watch watch(long fromRevision, Handler handler) {
			this.handler = handler;
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

}
