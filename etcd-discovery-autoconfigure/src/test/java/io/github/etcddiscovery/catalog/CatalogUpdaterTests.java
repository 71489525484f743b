package io.github.etcddiscovery.catalog;

import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletableFuture;

import io.github.etcddiscovery.core.EtcdAccessException;
import io.github.etcddiscovery.core.EtcdAccessException.Kind;
import io.github.etcddiscovery.core.ManualEventLoop;
import io.github.etcddiscovery.core.Monitor;
import io.github.etcddiscovery.instance.AddressCodec;
import io.github.etcddiscovery.instance.EtcdServiceInstance;
import io.github.etcddiscovery.instance.InstanceLimits;
import io.github.etcddiscovery.instance.InstancePlaces;
import io.github.etcddiscovery.instance.InstanceReader;
import io.github.etcddiscovery.instance.JsonCodec;
import io.github.etcddiscovery.probe.AddressProbe.Answer;
import io.github.etcddiscovery.watch.Batch;
import io.github.etcddiscovery.watch.Change;
import io.github.etcddiscovery.watch.Entry;
import io.github.etcddiscovery.watch.KeyRange;
import io.github.etcddiscovery.watch.ListerWatcher;
import io.github.etcddiscovery.watch.MirrorTiming;
import io.github.etcddiscovery.watch.Position;
import io.github.etcddiscovery.watch.Snapshot;
import org.awaitility.Awaitility;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

import static org.assertj.core.api.Assertions.assertThat;

/**
 * Tests for {@link CatalogUpdater}, and for {@link Feed} and {@link Meanwhile}, which it
 * is made of.
 */
class CatalogUpdaterTests {

	private static final String DOWN = "{\"host\":\"h\",\"port\":1,\"status\":\"DOWN\"}";

	private final ManualEventLoop loop = new ManualEventLoop();

	private final Map<String, Store> stores = new HashMap<>();

	private final List<Long> leases = new ArrayList<>();

	@TempDir
	private Path directory;

	@Test
	void isUnknownUntilSomethingWasReadAndFollowsFromThen() {
		CatalogUpdater updater = updater(null);
		updater.start();
		assertThat(updater.phases()).containsOnly(Map.entry("services/*", CatalogPhase.UNKNOWN));
		assertThat(updater.isKnown()).isFalse();
		CompletableFuture<Void> known = updater.known("orders");
		assertThat(known).isNotDone();
		store("services/*").listed(1, entry("services/orders/a", "h:1", 1));
		this.loop.runDue();
		assertThat(updater.phases()).containsOnly(Map.entry("services/*", CatalogPhase.FOLLOWING));
		assertThat(known).isCompleted();
		assertThat(ids(updater)).containsExactly("a");
	}

	@Test
	void emptyIsKnownToo() {
		CatalogUpdater updater = following();
		assertThat(updater.isKnown("orders")).isTrue();
		assertThat(updater.store().current().names()).isEmpty();
	}

	@Test
	void eachPrefixHasAPhaseOfItsOwnAndAllOfThemAreWaitedFor() {
		CatalogUpdater updater = updater(null, "others");
		updater.start();
		this.loop.runDue();
		store("services/*").listed(1, entry("services/orders/a", "h:1", 1));
		this.loop.runDue();
		assertThat(updater.phases()).containsOnly(Map.entry("services/*", CatalogPhase.FOLLOWING),
				Map.entry("others/*", CatalogPhase.UNKNOWN));
		assertThat(updater.isKnown()).isFalse();
		store("others/*").listed(1, entry("others/orders/b", "h:2", 1));
		this.loop.runDue();
		assertThat(updater.isKnown()).isTrue();
		assertThat(updater.store().current().registered("orders")).hasSize(2);
	}

	@Test
	void noLookUpWaitsForAPrefixOfOthersThatMayNotBeRead() {
		CatalogUpdater updater = updater(null, "others");
		updater.start();
		this.loop.runDue();
		store("others/*").failed(Kind.PERMISSION_DENIED);
		store("services/*").listed(1);
		this.loop.runDue();
		assertThat(updater.isKnown()).isTrue();
		assertThat(updater.phases()).containsEntry("others/*", CatalogPhase.UNKNOWN);
		assertThat(updater.counts().relists().count(Kind.PERMISSION_DENIED)).isOne();
	}

	@Test
	void isStaleWhileASingleMemberIsAskedAndMissesNobodyOnThatAccount() {
		CatalogUpdater updater = updater(null);
		updater.start();
		this.loop.runDue();
		store("services/*").stale(5, entry("services/orders/a", "h:1", 5));
		store("services/*").failed(Kind.NO_LEADER);
		this.loop.runDue();
		assertThat(updater.phases()).containsEntry("services/*", CatalogPhase.STALE);
		assertThat(ids(updater)).containsExactly("a");
		this.loop.advance(Duration.ofSeconds(10));
		store("services/*").listed(7, entry("services/orders/b", "h:2", 7));
		this.loop.runDue();
		assertThat(updater.phases()).containsEntry("services/*", CatalogPhase.FOLLOWING);
		assertThat(ids(updater)).containsExactly("b");
	}

	@Test
	void isRestoredFromDiskUntilEtcdWasRead() {
		save(42, entry("services/orders/a", "h:1", 40), entry("services/stock/b", "h:2", 41));
		CatalogUpdater updater = updater(this.directory.resolve("catalog.json"));
		updater.start();
		this.loop.runDue();
		assertThat(updater.isRestored()).isFalse();
		store("services/*").failed(Kind.UNREACHABLE);
		awaitRestored(updater);
		assertThat(updater.phases()).containsEntry("services/*", CatalogPhase.RESTORED);
		assertThat(updater.known("unknown")).as("what is not on disk is not known to be anywhere").isCompleted();
		assertThat(ids(updater)).containsExactly("a");
		this.loop.advance(Duration.ofSeconds(10));
		store("services/*").listed(50, entry("services/orders/c", "h:3", 50));
		this.loop.runDue();
		assertThat(updater.isRestored()).isFalse();
		assertThat(updater.phases()).containsEntry("services/*", CatalogPhase.FOLLOWING);
		assertThat(ids(updater)).containsExactly("c");
		assertThat(updater.store().current().names()).containsExactly("orders");
		Awaitility.await()
			.atMost(Duration.ofSeconds(30))
			.untilAsserted(
					() -> assertThat(this.directory.resolve("catalog.json")).content().contains("services/orders/c"));
		updater.close();
	}

	@Test
	void whatAMemberKnowsIsNotTakenForNewerThanTheDisk() {
		save(42, entry("services/orders/a", "h:1", 40));
		CatalogUpdater updater = updater(this.directory.resolve("catalog.json"));
		updater.start();
		this.loop.runDue();
		store("services/*").failed(Kind.UNREACHABLE);
		awaitRestored(updater);
		this.loop.advance(Duration.ofSeconds(10));
		store("services/*").stale(30, entry("services/orders/old", "h:9", 30));
		store("services/*").failed(Kind.NO_LEADER);
		this.loop.runDue();
		assertThat(updater.phases()).containsEntry("services/*", CatalogPhase.RESTORED);
		assertThat(ids(updater)).containsExactly("a");
	}

	@Test
	void goodbyeThatNoSnapshotShowsIsStillAGoodbye() {
		CatalogUpdater updater = following(fiveOrders());
		// Three of five would be held
		for (int i = 1; i <= 3; i++) {
			String key = "services/orders/" + i;
			store("services/*").changed(Change.put(entry(key, DOWN, 10 + 2 * i)));
			store("services/*").changed(Change.delete(key, 11 + 2 * i));
		}
		this.loop.runDue();
		assertThat(updater.store().current().held()).isEmpty();
		assertThat(ids(updater)).containsExactly("4", "5");
	}

	@Test
	void manyThatVanishAtOnceAreHeld() {
		CatalogUpdater updater = following(fiveOrders());
		for (int i = 1; i <= 3; i++) {
			store("services/*").changed(Change.delete("services/orders/" + i, 20 + i));
		}
		this.loop.runDue();
		assertThat(updater.store().current().held().get("orders")).hasSize(3);
		assertThat(ids(updater)).hasSize(5);
	}

	@Test
	void keysWithoutALeaseThatGoTogetherAreNoProcessOfItsOwn() {
		CatalogUpdater updater = following(entry("services/orders/1", "h:1", 1), entry("services/orders/2", "h:2", 2),
				entry("services/orders/3", "h:3", 3));
		store("services/*").changed(Change.delete("services/orders/1", 9), Change.delete("services/orders/2", 9),
				Change.delete("services/orders/3", 9));
		this.loop.runDue();
		assertThat(updater.store().current().held().get("orders")).hasSize(3);
	}

	@Test
	void keyWithoutALeaseThatIsDeletedAloneWasMeant() {
		CatalogUpdater updater = following(entry("services/orders/1", "h:1", 1), entry("services/orders/2", "h:2", 2),
				entry("services/orders/3", "h:3", 3));
		for (int i = 1; i <= 3; i++) {
			store("services/*").changed(Change.delete("services/orders/" + i, 8 + i));
		}
		this.loop.runDue();
		assertThat(updater.store().current().held()).isEmpty();
	}

	@Test
	void whoVanishedWhileTheLeaseLivesHasWithdrawn() {
		CatalogUpdater updater = following(fiveOrders());
		this.leases.add(101L);
		for (int i = 1; i <= 3; i++) {
			store("services/*").changed(Change.delete("services/orders/" + i, 20 + i));
		}
		this.loop.runDue();
		assertThat(ids(updater)).containsExactlyInAnyOrder("2", "3", "4", "5");
	}

	@Test
	void tellsOfEachCatalogAfterItHasBecomeTheCurrentOne() {
		CatalogUpdater updater = following();
		List<List<String>> told = new ArrayList<>();
		updater.store().onChange((catalog) -> {
			assertThat(updater.store().current()).isSameAs(catalog);
			told.add(catalog.names());
		});
		store("services/*").changed(Change.put(entry("services/orders/a", "h:1", 6)));
		this.loop.runDue();
		store("services/*").changed(Change.put(entry("services/stock/a", "h:1", 7)));
		this.loop.runDue();
		assertThat(told).containsExactly(List.of("orders"), List.of("orders", "stock"));
	}

	@Test
	void listOfAServiceIsTheSameUntilTheServiceChanges() {
		CatalogUpdater updater = following(fiveOrders());
		List<?> before = updater.store().current().routable("orders");
		store("services/*").changed(Change.put(entry("services/stock/a", "h:1", 30)));
		this.loop.runDue();
		assertThat(updater.store().current().routable("orders")).isSameAs(before);
		store("services/*").changed(Change.put(entry("services/orders/6", "h:6", 31)));
		this.loop.runDue();
		assertThat(updater.store().current().routable("orders")).isNotSameAs(before).hasSize(6);
		assertThat(before).as("it is never changed").hasSize(5);
	}

	private CatalogUpdater following(Entry... entries) {
		CatalogUpdater updater = updater(null);
		updater.start();
		this.loop.runDue();
		store("services/*").listed(5, entries);
		this.loop.runDue();
		return updater;
	}

	private static Entry[] fiveOrders() {
		Entry[] entries = new Entry[5];
		for (int i = 1; i <= 5; i++) {
			entries[i - 1] = new Entry("services/orders/" + i, "h:" + i, i, 100 + i);
		}
		return entries;
	}

	private CatalogUpdater updater(@Nullable Path file, String... additional) {
		InstancePlaces places = new InstancePlaces("services", List.of(additional), Map.of());
		CatalogSettings settings = new CatalogSettings(places, List.of("etcd"), WatchScope.PREFIX,
				new MirrorTiming(Duration.ofSeconds(5), Duration.ZERO, Duration.ZERO), Duration.ofMinutes(1),
				Duration.ofMinutes(10), HoldSettings.defaults(), file, false, Map.of());
		return new CatalogUpdater(settings, reader(places), this::store, this.loop,
				(host, port) -> CompletableFuture.completedFuture(Answer.UNKNOWN),
				(lease) -> CompletableFuture.completedFuture(this.leases.contains(lease)), Monitor.NONE);
	}

	private static InstanceReader reader(InstancePlaces places) {
		return new InstanceReader(places, List.of(new JsonCodec(), new AddressCodec()), InstanceLimits.defaults());
	}

	private void save(long revision, Entry... entries) {
		Map<String, Entry> byKey = byKey(entries);
		Catalog catalog = Catalog.empty()
			.update(new Snapshot(1, revision, byKey), byKey.keySet(), reader(InstancePlaces.below("services")),
					Catalog.AbsenceRule.NONE);
		new CatalogFile(this.directory.resolve("catalog.json"), List.of("services"), List.of("etcd")).save(catalog);
	}

	private void awaitRestored(CatalogUpdater updater) {
		Awaitility.await().atMost(Duration.ofSeconds(30)).until(() -> {
			this.loop.runDue();
			return updater.isRestored();
		});
	}

	private static List<@Nullable String> ids(CatalogUpdater updater) {
		return updater.store().current().registered("orders").stream().map(EtcdServiceInstance::getInstanceId).toList();
	}

	private static Entry entry(String key, String value, long revision) {
		return new Entry(key, value, revision, 0);
	}

	private static Map<String, Entry> byKey(Entry... entries) {
		Map<String, Entry> byKey = new HashMap<>();
		for (Entry entry : entries) {
			byKey.put(entry.key(), entry);
		}
		return byKey;
	}

	private Store store(KeyRange range) {
		return store(range.toString());
	}

	private Store store(String range) {
		return this.stores.computeIfAbsent(range, (name) -> new Store());
	}

	/**
	 * A range of an etcd that answers when a test says so.
	 */
	private final class Store implements ListerWatcher {

		private CompletableFuture<Snapshot> list = new CompletableFuture<>();

		private CompletableFuture<Snapshot> stale = new CompletableFuture<>();

		private @Nullable Handler handler;

		void listed(long revision, Entry... entries) {
			this.list.complete(new Snapshot(1, revision, byKey(entries)));
		}

		void stale(long revision, Entry... entries) {
			this.stale.complete(new Snapshot(1, revision, byKey(entries)));
		}

		void failed(Kind kind) {
			CompletableFuture<Snapshot> failed = this.list;
			this.list = new CompletableFuture<>();
			failed.completeExceptionally(new EtcdAccessException(kind, "a test", null));
			CatalogUpdaterTests.this.loop.runDue();
		}

		void changed(Change... changes) {
			long revision = changes[changes.length - 1].revision();
			if (this.handler == null) {
				throw new IllegalStateException("There is no watch");
			}
			this.handler.changed(new Batch(1, revision, List.of(changes)));
		}

		@Override
		public CompletableFuture<Snapshot> list() {
			return this.list;
		}

		@Override
		public CompletableFuture<Snapshot> listStale() {
			CompletableFuture<Snapshot> read = this.stale;
			this.stale = new CompletableFuture<>();
			return read;
		}

		@Override
		public CompletableFuture<Position> position() {
			return new CompletableFuture<>();
		}

		@Override
		public Watch watch(long fromRevision, Handler handler) {
			this.handler = handler;
			handler.created(1, fromRevision);
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
