package io.github.etcddiscovery.discovery;

import java.time.Duration;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletableFuture;

import io.github.etcddiscovery.core.ManualEventLoop;
import io.github.etcddiscovery.instance.AddressCodec;
import io.github.etcddiscovery.instance.InstanceReader;
import io.github.etcddiscovery.watch.Batch;
import io.github.etcddiscovery.watch.Change;
import io.github.etcddiscovery.watch.Entry;
import io.github.etcddiscovery.watch.ListerWatcher;
import io.github.etcddiscovery.watch.Position;
import io.github.etcddiscovery.watch.Snapshot;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

import org.springframework.cloud.client.discovery.event.HeartbeatEvent;

import static org.assertj.core.api.Assertions.assertThat;

/**
 * Tests for {@link CatalogEventPublisher}.
 */
class CatalogEventPublisherTests {

	private final ManualEventLoop mirror = new ManualEventLoop();

	private final ManualEventLoop events = new ManualEventLoop();

	private final WrittenEtcd etcd = new WrittenEtcd();

	private final ServiceCatalog catalog = new ServiceCatalog("services",
			new InstanceReader("services", List.of(new AddressCodec())), (range) -> this.etcd, this.mirror,
			Duration.ofSeconds(5), Duration.ofSeconds(5));

	private final List<String> told = new ArrayList<>();

	private Runnable listener = () -> {
	};

	private final CatalogEventPublisher publisher = new CatalogEventPublisher("services", this.catalog, this.events,
			this::publish);

	@BeforeEach
	void start() {
		this.publisher.start();
		this.catalog.start();
		this.mirror.runDue();
		this.events.runDue();
	}

	@Test
	void tellsEachServiceThatChangedAndThenOneHeartbeat() {
		this.etcd.put("services/orders/1", "services/stock/1");
		this.mirror.runDue();
		this.events.runDue();
		assertThat(this.told).containsExactlyInAnyOrder("orders", "stock", "heartbeat").endsWith("heartbeat");
	}

	@Test
	void tellsWhatChangedJustBeforeItWasStoppedWhenItStartsAgain() {
		this.etcd.put("services/orders/1");
		this.mirror.runDue();
		this.publisher.stop();
		this.events.runDue();
		assertThat(this.told).isEmpty();
		this.publisher.start();
		this.events.runDue();
		assertThat(this.told).containsExactly("orders", "heartbeat");
	}

	@Test
	void tellsWhatWasLeftWhenItWasStoppedInTheMiddle() {
		this.etcd.put("services/orders/1", "services/stock/1", "services/users/1");
		this.mirror.runDue();
		this.listener = this.publisher::stop;
		this.events.runDue();
		assertThat(this.told).hasSize(1);
		this.listener = () -> {
		};
		this.publisher.start();
		this.events.runDue();
		assertThat(this.told).containsExactlyInAnyOrder("orders", "stock", "users", "heartbeat").endsWith("heartbeat");
	}

	@Test
	void beatsForWhatWasToldBeforeItWasStopped() {
		this.etcd.put("services/orders/1");
		this.mirror.runDue();
		this.listener = this.publisher::stop;
		this.events.runDue();
		assertThat(this.told).containsExactly("orders");
		this.publisher.start();
		this.events.runDue();
		assertThat(this.told).containsExactly("orders", "heartbeat");
	}

	private void publish(Object event) {
		if (event instanceof HeartbeatEvent) {
			this.told.add("heartbeat");
		}
		else if (event instanceof ServiceInstancesChangedEvent change) {
			this.told.add(change.getServiceId());
			this.listener.run();
		}
	}

	/**
	 * An etcd that a test writes to.
	 */
	private static final class WrittenEtcd implements ListerWatcher {

		private final Map<String, Entry> entries = new HashMap<>();

		private long revision = 1;

		private Handler handler;

		void put(String... keys) {
			this.revision++;
			List<Change> changes = new ArrayList<>();
			for (String key : keys) {
				Entry entry = new Entry(key, "http://a:80", this.revision, this.revision, 0);
				this.entries.put(key, entry);
				changes.add(Change.put(entry));
			}
			this.handler.changed(new Batch(1, this.revision, changes));
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
			handler.created(1, this.revision);
			return new Watch() {

				@Override
				public void requestProgress() {
					handler.alive(1, WrittenEtcd.this.revision);
				}

				@Override
				public void close() {
				}

			};
		}

	}

}
