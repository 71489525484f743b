package io.github.etcddiscovery.catalog;

import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Set;
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
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

import static org.assertj.core.api.Assertions.assertThat;

/**
 * Tests for {@link Departures}.
 */
class DeparturesTests {

	private static final String KEY = "services/orders/one";

	private final ManualEventLoop loop = new ManualEventLoop();

	private final InstanceReader reader = new InstanceReader("services", List.of(new AddressCodec()));

	private final CatalogStore store = new CatalogStore(this.loop, Catalog.empty());

	private @Nullable Answer answer = Answer.ACCEPTED;

	private int asked;

	private final Departures departures = new Departures(this.store, this.loop, (host, port) -> {
		this.asked++;
		return (this.answer != null) ? CompletableFuture.completedFuture(this.answer) : new CompletableFuture<>();
	});

	@BeforeEach
	void oneLeavesAndTwoStays() {
		write(KEY, "http://10.0.0.1:80");
		write("services/orders/two", "http://10.0.0.2:80");
		this.loop.execute(() -> this.departures.left(this.store.current().registered("orders").get(0)));
		this.loop.runDue();
		assertThat(routable()).containsExactly("two");
	}

	@Test
	void isStillRegisteredAndOutOfService() {
		assertThat(this.store.current().registered("orders")).extracting(EtcdServiceInstance::getStatus)
			.containsExactly(InstanceStatus.OUT_OF_SERVICE, InstanceStatus.UP);
	}

	@Test
	void staysOutOfServiceWhileItsAddressRefuses() {
		this.answer = Answer.REFUSED;
		this.loop.advance(Duration.ofMinutes(10));
		assertThat(routable()).containsExactly("two");
		write("services/orders/three", "http://10.0.0.3:80");
		assertThat(routable()).containsExactly("three", "two");
	}

	@Test
	void isCalledAgainOnceItsKeyChanges() {
		write(KEY, "http://10.0.0.1:80");
		assertThat(routable()).containsExactly("one", "two");
		this.asked = 0;
		this.loop.advance(Duration.ofSeconds(10));
		assertThat(this.asked).isZero();
	}

	@Test
	void isCalledAgainOnceSomebodyListensInItsPlace() {
		this.answer = Answer.REFUSED;
		this.loop.advance(Duration.ofSeconds(5));
		this.answer = Answer.ACCEPTED;
		this.loop.advance(Duration.ofSeconds(1));
		assertThat(routable()).containsExactly("one", "two");
	}

	@Test
	void staysOutOfServiceWhenItsHostIsGone() {
		this.answer = Answer.REFUSED;
		this.loop.advance(Duration.ofSeconds(5));
		this.answer = Answer.UNKNOWN;
		this.loop.advance(Duration.ofMinutes(10));
		assertThat(routable()).containsExactly("two");
		this.answer = Answer.ACCEPTED;
		this.loop.advance(Duration.ofSeconds(1));
		assertThat(routable()).containsExactly("one", "two");
	}

	@Test
	void isCalledAgainAfterAMinuteWhenItDidNotLeave() {
		this.loop.advance(Duration.ofSeconds(59));
		assertThat(routable()).containsExactly("two");
		this.loop.advance(Duration.ofSeconds(2));
		assertThat(routable()).containsExactly("one", "two");
	}

	@Test
	void asksOnceAtATimeHoweverLongTheAnswerTakes() {
		this.answer = null;
		this.asked = 0;
		this.loop.advance(Duration.ofSeconds(30));
		assertThat(this.asked).isOne();
	}

	@Test
	void asksAFewAtATimeSoThatOthersCanAskAsWell() {
		for (int i = 0; i < 50; i++) {
			write("services/orders/more-" + i, "http://10.0.1.%d:80".formatted(i));
		}
		this.answer = null;
		this.loop.execute(() -> List.copyOf(this.store.current().registered("orders")).forEach(this.departures::left));
		this.asked = 0;
		this.loop.advance(Duration.ofSeconds(10));
		assertThat(this.asked).isEqualTo(4);
	}

	private void write(String key, String value) {
		this.loop.execute(() -> {
			long revision = this.store.current().revision() + 1;
			Snapshot snapshot = new Snapshot(1, revision, Map.of(key, new Entry(key, value, revision, 0)));
			this.store.update((catalog) -> catalog.update(snapshot, Set.of(key), this.reader, AbsenceRule.NONE));
		});
		this.loop.runDue();
	}

	private List<String> routable() {
		return this.store.current().routable("orders").stream().map((instance) -> instance.getInstanceId()).toList();
	}

}
