package io.github.etcddiscovery.discovery;

import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.concurrent.CompletableFuture;

import io.github.etcddiscovery.catalog.CatalogSettings;
import io.github.etcddiscovery.catalog.HoldSettings;
import io.github.etcddiscovery.catalog.WatchScope;
import io.github.etcddiscovery.core.ManualEventLoop;
import io.github.etcddiscovery.core.Monitor;
import io.github.etcddiscovery.instance.AddressCodec;
import io.github.etcddiscovery.instance.InstancePlaces;
import io.github.etcddiscovery.instance.InstanceReader;
import io.github.etcddiscovery.probe.AddressProbe;
import io.github.etcddiscovery.watch.Batch;
import io.github.etcddiscovery.watch.Change;
import io.github.etcddiscovery.watch.Entry;
import io.github.etcddiscovery.watch.KeyRange;
import io.github.etcddiscovery.watch.ListerWatcher;
import io.github.etcddiscovery.watch.MirrorTiming;
import io.github.etcddiscovery.watch.Position;
import io.github.etcddiscovery.watch.Snapshot;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;

import static org.assertj.core.api.Assertions.assertThat;

/**
 * Tests for {@link ServiceCatalog}.
 */
class ServiceCatalogTests {

	private static final Duration IDLE_TIMEOUT = Duration.ofMinutes(10);

	private final ManualEventLoop loop = new ManualEventLoop();

	private final Map<String, Source> sources = new TreeMap<>();

	private final ServiceCatalog catalog = new ServiceCatalog(
			new CatalogSettings(InstancePlaces.below("services"), List.of(), WatchScope.SERVICE,
					new MirrorTiming(Duration.ofSeconds(5), Duration.ZERO, Duration.ZERO), Duration.ofSeconds(5),
					IDLE_TIMEOUT, HoldSettings.defaults(), null, false, Map.of()),
			new InstanceReader("services", List.of(new AddressCodec())), this::source, this.loop,
			(host, port) -> CompletableFuture.completedFuture(AddressProbe.Answer.UNKNOWN),
			(lease) -> CompletableFuture.completedFuture(false), Monitor.NONE);

	@Test
	void serviceDoesNotComeBackWithAChangeThatWasQueuedWhenItWasForgotten() {
		this.catalog.start();
		follow("orders");
		assertThat(this.catalog.registeredInstances().keySet()).containsExactly("orders");
		Entry entry = new Entry("services/orders/2", "http://10.0.0.2:80", 2, 0);
		// Just before the sweep that forgets the service
		this.loop.schedule(() -> this.sources.get("services/orders/*")
			.handler()
			.changed(new Batch(1, 2, List.of(Change.put(entry)))), IDLE_TIMEOUT);
		this.loop.advance(IDLE_TIMEOUT);
		assertThat(this.catalog.registeredInstances().keySet()).isEmpty();
		follow("orders");
		assertThat(this.catalog.instances("orders")).hasSize(1);
	}

	@Test
	void serviceIsNotForgottenWhileTheCatalogIsStopped() {
		this.catalog.start();
		follow("orders");
		this.catalog.stop();
		this.loop.advance(IDLE_TIMEOUT.multipliedBy(3));
		assertThat(this.catalog.registeredInstances().keySet()).containsExactly("orders");
	}

	@Test
	void tellsOfEachLookUpByTheNameThatAnswers() {
		this.catalog.start();
		follow("orders");
		List<String> lookUps = new ArrayList<>();
		this.catalog.onLookUp(lookUps::add);
		this.catalog.instances("orders");
		this.catalog.grpcInstances("orders");
		this.catalog.registeredInstances("Orders");
		this.catalog.instances("nowhere");
		assertThat(lookUps).containsExactly("orders", "orders", "orders", "nowhere");
		this.catalog.entries("orders");
		this.catalog.calledInstances("orders");
		this.catalog.knownInstances();
		assertThat(lookUps).as("those who only look").hasSize(4);
	}

	private void follow(String service) {
		this.catalog.instances(service);
		this.loop.runDue();
		this.sources.values().forEach((source) -> source.handler().created(1, 1));
		this.loop.runDue();
	}

	private Source source(KeyRange range) {
		Source source = new Source(range);
		this.sources.put(range.toString(), source);
		return source;
	}

	/**
	 * Has one instance of each service.
	 */
	private static final class Source implements ListerWatcher {

		private final KeyRange range;

		private @Nullable Handler handler;

		Source(KeyRange range) {
			this.range = range;
		}

		Handler handler() {
			if (this.handler == null) {
				throw new IllegalStateException("There is no watch");
			}
			return this.handler;
		}

		@Override
		public CompletableFuture<Snapshot> list() {
			String key = this.range.key() + "1";
			Map<String, Entry> entries = this.range.prefix() ? Map.of(key, new Entry(key, "http://10.0.0.1:80", 1, 0))
					: Map.of();
			return CompletableFuture.completedFuture(new Snapshot(1, 1, entries));
		}

		@Override
		public CompletableFuture<Position> position() {
			return CompletableFuture.completedFuture(new Position(1, 1));
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
