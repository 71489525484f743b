package io.github.etcddiscovery.metrics;

import java.time.Duration;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletableFuture;

import io.github.etcddiscovery.core.ManualEventLoop;
import io.github.etcddiscovery.discovery.ServiceCatalog;
import io.github.etcddiscovery.instance.AddressCodec;
import io.github.etcddiscovery.instance.InstanceReader;
import io.github.etcddiscovery.instance.JsonCodec;
import io.github.etcddiscovery.watch.Batch;
import io.github.etcddiscovery.watch.Change;
import io.github.etcddiscovery.watch.Entry;
import io.github.etcddiscovery.watch.ListerWatcher;
import io.github.etcddiscovery.watch.Position;
import io.github.etcddiscovery.watch.Snapshot;
import io.micrometer.core.instrument.Gauge;
import io.micrometer.core.instrument.simple.SimpleMeterRegistry;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;

import org.springframework.cloud.client.discovery.event.HeartbeatEvent;

import static org.assertj.core.api.Assertions.assertThat;

/**
 * Tests for {@link CatalogMetrics}.
 */
class CatalogMetricsTests {

	private final ManualEventLoop loop = new ManualEventLoop();

	private final FixedEtcd etcd = new FixedEtcd();

	private final ServiceCatalog catalog = new ServiceCatalog("services",
			new InstanceReader("services", List.of(new JsonCodec(), new AddressCodec())), (range) -> this.etcd,
			this.loop, Duration.ofSeconds(5), Duration.ofSeconds(5));

	private final SimpleMeterRegistry meters = new SimpleMeterRegistry();

	private final CatalogMetrics metrics = new CatalogMetrics(this.catalog);

	@Test
	void countsInstancesByServiceAndStatus() {
		this.etcd.put("services/orders/a", "http://a:80");
		this.etcd.put("services/orders/b", "{\"host\":\"b\",\"port\":80,\"status\":\"DOWN\"}");
		start();
		this.metrics.bindTo(this.meters);
		assertThat(instances("orders", "up")).isEqualTo(1);
		assertThat(instances("orders", "down")).isEqualTo(1);
		assertThat(instances("orders", "starting")).isZero();
	}

	@Test
	void countsAnewWhenTheCatalogChanges() {
		this.etcd.put("services/orders/a", "http://a:80");
		this.etcd.put("services/users", "http://a:80");
		start();
		this.metrics.bindTo(this.meters);
		this.etcd.delete("services/users");
		this.etcd.put("services/orders/b", "http://b:80");
		this.loop.runDue();
		this.metrics.onApplicationEvent(new HeartbeatEvent(this, 2));
		assertThat(instances("orders", "up")).isEqualTo(2);
		assertThat(this.meters.find("etcd.discovery.instances").tag("service", "users").gauge()).isNull();
	}

	@Test
	void tellsOnlySoManyServicesApart() {
		for (int i = 0; i < CatalogMetrics.MAX_SERVICES + 50; i++) {
			this.etcd.put("services/service-%04d".formatted(i), "http://a:80");
		}
		start();
		this.metrics.bindTo(this.meters);
		assertThat(this.meters.find("etcd.discovery.instances").tag("status", "up").gauges())
			.hasSize(CatalogMetrics.MAX_SERVICES + 1);
		assertThat(instances(CatalogMetrics.OTHER_SERVICES, "up")).isEqualTo(50);
		assertThat(this.meters.get("etcd.discovery.services").gauge().value())
			.isEqualTo(CatalogMetrics.MAX_SERVICES + 50);
	}

	@Test
	void countsWhatIsPassedOverAndWhatTheWatchDelivers() {
		this.etcd.put("services/orders/a", "nonsense");
		start();
		this.metrics.bindTo(this.meters);
		assertThat(value("etcd.discovery.values.rejected")).isEqualTo(1);
		this.etcd.put("services/orders/a", "http://a:80");
		this.etcd.delete("services/orders/a");
		this.loop.runDue();
		assertThat(value("etcd.discovery.values.rejected")).isZero();
		assertThat(count("etcd.discovery.values.rejections")).isEqualTo(1);
		assertThat(count("etcd.discovery.watch.events")).isEqualTo(2);
	}

	@Test
	void countsLookUpsThatHadToWait() {
		this.metrics.bindTo(this.meters);
		this.catalog.known("orders");
		assertThat(count("etcd.discovery.lookups.waited")).isEqualTo(1);
		start();
		this.catalog.known("orders");
		assertThat(count("etcd.discovery.lookups.waited")).isEqualTo(1);
	}

	private void start() {
		this.catalog.start();
		this.loop.runDue();
	}

	private double instances(String service, String status) {
		Gauge gauge = this.meters.get("etcd.discovery.instances").tags("service", service, "status", status).gauge();
		return gauge.value();
	}

	private double value(String name) {
		return this.meters.get(name).gauge().value();
	}

	private double count(String name) {
		return this.meters.get(name).functionCounter().count();
	}

	/**
	 * Answers at once.
	 */
	private static final class FixedEtcd implements ListerWatcher {

		private final Map<String, Entry> entries = new HashMap<>();

		private long revision = 1;

		private @Nullable Handler handler;

		void put(String key, String value) {
			Entry entry = new Entry(key, value, ++this.revision, 0);
			this.entries.put(key, entry);
			tell(Change.put(entry));
		}

		void delete(String key) {
			this.entries.remove(key);
			tell(Change.delete(key, ++this.revision));
		}

		private void tell(Change change) {
			if (this.handler != null) {
				this.handler.changed(new Batch(1, this.revision, List.of(change)));
			}
		}

		@Override
		public CompletableFuture<Snapshot> list() {
			return CompletableFuture.completedFuture(new Snapshot(1, this.revision, new HashMap<>(this.entries)));
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
					handler.alive(1, FixedEtcd.this.revision);
				}

				@Override
				public void close() {
				}

			};
		}

	}

}
