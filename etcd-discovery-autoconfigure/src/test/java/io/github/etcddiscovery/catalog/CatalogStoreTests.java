package io.github.etcddiscovery.catalog;

import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.atomic.AtomicBoolean;

import io.github.etcddiscovery.catalog.Catalog.AbsenceRule;
import io.github.etcddiscovery.core.ManualEventLoop;
import io.github.etcddiscovery.instance.AddressCodec;
import io.github.etcddiscovery.instance.InstanceReader;
import io.github.etcddiscovery.watch.Entry;
import io.github.etcddiscovery.watch.Snapshot;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;

import static org.assertj.core.api.Assertions.assertThat;

/**
 * Tests for {@link CatalogStore}.
 */
class CatalogStoreTests {

	private static final int SERVICES = 50;

	private final InstanceReader reader = new InstanceReader("services", List.of(new AddressCodec()));

	private final ManualEventLoop loop = new ManualEventLoop();

	private final CatalogStore store = new CatalogStore(this.loop, Catalog.empty());

	/**
	 * Whoever has seen the outcome of a step sees it wherever it looks from then on.
	 */
	@Test
	void lookUpsNeverSeeAPartOfAStep() throws InterruptedException {
		AtomicBoolean over = new AtomicBoolean();
		AtomicBoolean torn = new AtomicBoolean();
		Thread lookUps = new Thread(() -> {
			int last = 0;
			for (int i = 0; !over.get(); i = (i + 7) % SERVICES) {
				int port = port(this.store.service("s" + i));
				torn.compareAndSet(false, port < last);
				last = port;
			}
		});
		lookUps.start();
		for (int port = 1; port <= 300; port++) {
			step(port, SERVICES);
		}
		over.set(true);
		lookUps.join();
		assertThat(torn).isFalse();
	}

	@Test
	void knowsNothingOfAServiceThatIsGone() {
		step(1, 2);
		assertThat(port(this.store.service("s1"))).isEqualTo(1);
		update(new Snapshot(1, 2, Map.of()), this.store.current().instancesByKey().keySet());
		assertThat(this.store.service("s1")).isNull();
	}

	private void step(int port, int services) {
		Map<String, Entry> entries = new HashMap<>();
		for (int i = 0; i < services; i++) {
			String key = "services/s%d/one".formatted(i);
			entries.put(key, new Entry(key, "h:" + port, port, 0));
		}
		update(new Snapshot(1, port, entries), entries.keySet());
	}

	private void update(Snapshot snapshot, Set<String> keys) {
		this.loop.execute(
				() -> this.store.update((catalog) -> catalog.update(snapshot, keys, this.reader, AbsenceRule.NONE)));
		this.loop.runDue();
	}

	private static int port(@Nullable CatalogService service) {
		return (service != null) ? service.registered().get(0).getPort() : 0;
	}

}
