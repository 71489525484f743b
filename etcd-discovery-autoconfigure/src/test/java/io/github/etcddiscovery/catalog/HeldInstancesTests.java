package io.github.etcddiscovery.catalog;

import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.concurrent.CompletableFuture;

import io.github.etcddiscovery.catalog.Catalog.AbsenceRule;
import io.github.etcddiscovery.core.ManualEventLoop;
import io.github.etcddiscovery.instance.AddressCodec;
import io.github.etcddiscovery.instance.EtcdServiceInstance;
import io.github.etcddiscovery.instance.InstanceReader;
import io.github.etcddiscovery.instance.InstanceStatus;
import io.github.etcddiscovery.probe.AddressProbe.Answer;
import io.github.etcddiscovery.watch.Entry;
import io.github.etcddiscovery.watch.Snapshot;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

import static org.assertj.core.api.Assertions.assertThat;

/**
 * Tests for {@link HeldInstances}.
 */
class HeldInstancesTests {

	private final ManualEventLoop loop = new ManualEventLoop();

	private final VanishingPolicy policy = new VanishingPolicy(new HoldSettings(true, 0.5, 3, Duration.ofSeconds(30)));

	private final Map<String, CompletableFuture<Answer>> questions = new TreeMap<>();

	private final List<String> asked = new ArrayList<>();

	private final CatalogStore store = new CatalogStore(this.loop, Catalog.empty());

	@BeforeEach
	void attend() {
		new HeldInstances(this.store, this.loop, (host, port) -> {
			this.asked.add(host);
			return this.questions.computeIfAbsent(host, (name) -> new CompletableFuture<>());
		}, this.policy, Duration.ofSeconds(30));
	}

	@Test
	void asksAtOnceAndLetsGoOfThoseWhoRefuse() {
		vanish(4);
		assertThat(this.asked).containsExactly("10.0.0.0", "10.0.0.1", "10.0.0.2", "10.0.0.3");
		this.questions.get("10.0.0.1").complete(Answer.REFUSED);
		this.questions.get("10.0.0.2").complete(Answer.ACCEPTED);
		this.questions.get("10.0.0.3").complete(Answer.UNKNOWN);
		this.loop.runDue();
		assertThat(hosts()).containsExactly("10.0.0.0", "10.0.0.2", "10.0.0.3");
	}

	@Test
	void letsGoOfOneThatSaysItselfThatItLeaves() {
		vanish(4);
		EtcdServiceInstance leaving = this.store.current().registered("orders").get(1);
		this.loop.execute(() -> this.store
			.update((catalog) -> catalog.replace(leaving, leaving.withStatus(InstanceStatus.OUT_OF_SERVICE))));
		this.loop.runDue();
		assertThat(hosts()).containsExactly("10.0.0.0", "10.0.0.2", "10.0.0.3");
		assertThat(this.store.current().registered("orders")).hasSize(3);
	}

	@Test
	void asksAgainEverySecondThoseWhoHaveAnswered() {
		vanish(3);
		this.questions.remove("10.0.0.0").complete(Answer.ACCEPTED);
		this.loop.runDue();
		this.asked.clear();
		this.loop.advance(Duration.ofSeconds(1));
		assertThat(this.asked).containsExactly("10.0.0.0");
	}

	@Test
	void letsGoOfAllWhenTheirTimeIsOver() {
		vanish(3);
		this.loop.advance(Duration.ofSeconds(29));
		assertThat(hosts()).hasSize(3);
		this.loop.advance(Duration.ofSeconds(2));
		assertThat(hosts()).isEmpty();
		assertThat(this.store.current().names()).isEmpty();
		this.asked.clear();
		this.loop.advance(Duration.ofSeconds(10));
		assertThat(this.asked).isEmpty();
	}

	@Test
	void asksAFewAtATimeSoThatOthersCanAskAsWell() {
		vanish(20);
		assertThat(this.asked).hasSize(8);
		this.loop.advance(Duration.ofSeconds(5));
		assertThat(this.asked).hasSize(8);
		for (int i = 0; i < 20; i++) {
			this.questions.get(this.asked.get(i)).complete(Answer.REFUSED);
			this.loop.runDue();
		}
		assertThat(hosts()).isEmpty();
	}

	private void vanish(int count) {
		InstanceReader reader = new InstanceReader("services", List.of(new AddressCodec()));
		Map<String, Entry> entries = new TreeMap<>();
		for (int i = 0; i < count; i++) {
			entries.put("services/orders/" + i,
					new Entry("services/orders/" + i, "http://10.0.0.%d:80".formatted(i), 1, i + 1));
		}
		this.loop.execute(() -> {
			Set<String> keys = entries.keySet();
			this.store.update((catalog) -> catalog.update(new Snapshot(1, 1, entries), keys, reader, AbsenceRule.NONE));
			this.store.update((catalog) -> catalog.update(new Snapshot(1, 2, Map.of()), keys, reader,
					this.policy.rule(Meanwhile.NOTHING, this.loop.nanoTime())));
		});
		this.loop.runDue();
		assertThat(hosts()).hasSize(count);
	}

	private List<String> hosts() {
		return this.store.current().routable("orders").stream().map((instance) -> instance.getHost()).toList();
	}

}
