package io.github.etcddiscovery.discovery;

import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletableFuture;

import io.github.etcddiscovery.core.ManualEventLoop;
import io.github.etcddiscovery.instance.AddressCodec;
import io.github.etcddiscovery.instance.InstanceReader;
import io.github.etcddiscovery.watch.Entry;
import io.github.etcddiscovery.watch.ListerWatcher;
import io.github.etcddiscovery.watch.Snapshot;
import org.junit.jupiter.api.Test;
import org.mockito.Answers;
import reactor.core.publisher.Flux;

import static org.assertj.core.api.Assertions.assertThat;
import static org.mockito.ArgumentMatchers.any;
import static org.mockito.ArgumentMatchers.anyLong;
import static org.mockito.BDDMockito.given;
import static org.mockito.Mockito.mock;

/**
 * Tests for {@link EtcdReactiveDiscoveryClient}.
 */
class EtcdReactiveDiscoveryClientTests {

	private static final String KEY = "services/orders/one";

	private final ManualEventLoop loop = new ManualEventLoop();

	private final CompletableFuture<Snapshot> list = new CompletableFuture<>();

	private final ListerWatcher etcd = mock(ListerWatcher.class, Answers.RETURNS_SELF);

	private final ServiceCatalog catalog = new ServiceCatalog("services",
			new InstanceReader("services", List.of(new AddressCodec())), (range) -> this.etcd, this.loop,
			Duration.ofSeconds(2), Duration.ofSeconds(30));

	private final EtcdReactiveDiscoveryClient client = new EtcdReactiveDiscoveryClient(this.catalog, 0);

	@Test
	void doesNotRunItsCallersOnTheLoopThatTheFirstAnswerComesFrom() {
		given(this.etcd.list()).willReturn(this.list);
		given(this.etcd.watch(anyLong(), any())).willReturn(mock(ListerWatcher.Watch.class));
		this.catalog.start();
		this.loop.runDue();
		CompletableFuture<List<Thread>> instances = threads(this.client.getInstances("orders"));
		CompletableFuture<List<Thread>> services = threads(this.client.getServices());
		this.list.complete(new Snapshot(1, 1, Map.of(KEY, new Entry(KEY, "http://10.0.0.1:80", 1, 0))));
		this.loop.runDue();
		assertThat(instances).succeedsWithin(Duration.ofSeconds(5))
			.satisfies((threads) -> assertThat(threads).hasSize(1).doesNotContain(Thread.currentThread()));
		assertThat(services).succeedsWithin(Duration.ofSeconds(5))
			.satisfies((threads) -> assertThat(threads).hasSize(1).doesNotContain(Thread.currentThread()));
	}

	private static CompletableFuture<List<Thread>> threads(Flux<?> answers) {
		return answers.map((answer) -> Thread.currentThread()).collectList().toFuture();
	}

}
