package io.github.etcddiscovery.catalog;

import java.time.Instant;
import java.util.HashMap;
import java.util.List;
import java.util.Map;

import io.github.etcddiscovery.instance.AddressCodec;
import io.github.etcddiscovery.instance.EtcdServiceInstance;
import io.github.etcddiscovery.instance.InstanceReader;
import io.github.etcddiscovery.instance.InstanceStatus;
import io.github.etcddiscovery.instance.JsonCodec;
import io.github.etcddiscovery.watch.Entry;
import io.github.etcddiscovery.watch.Snapshot;
import org.junit.jupiter.api.Test;

import static org.assertj.core.api.Assertions.assertThat;

/**
 * Tests for {@link Overrides} and what the {@link Catalog} makes of them.
 */
class OverridesTests {

	private static final Instant NOW = Instant.parse("2026-11-28T12:00:00Z");

	private static final String UNTIL = "\"until\":\"2026-11-28T12:05:00Z\",\"by\":\"alice\"}";

	private final Catalog catalog = catalog();

	@Test
	void takesAnInstanceOutAndBackIn() {
		Catalog overridden = this.catalog.with(overrides("orders/a", "{\"status\":\"out-of-service\"," + UNTIL));
		assertThat(overridden.routable("orders")).extracting("instanceId").containsExactly("b");
		assertThat(overridden.registered("orders")).extracting(EtcdServiceInstance::getStatus)
			.containsExactly(InstanceStatus.OUT_OF_SERVICE, InstanceStatus.UP);
		assertThat(overridden.entries("orders").get(0).instance()).isSameAs(overridden.registered("orders").get(0));
		assertThat(overridden.registered("payments")).isSameAs(this.catalog.registered("payments"));
		assertThat(overridden.differences(this.catalog)).containsExactly("orders");
		Catalog back = overridden.with(Overrides.NONE);
		assertThat(back.routable("orders")).extracting("instanceId").containsExactly("a", "b");
	}

	@Test
	void weighsAnInstanceAnew() {
		Catalog overridden = this.catalog.with(overrides("orders/a", "{\"weight\":7," + UNTIL));
		assertThat(overridden.routable("orders").get(0).getMetadata()).containsEntry("weight", "7")
			.containsEntry("zone", "z");
		EtcdServiceInstance instance = overridden.registered("orders").get(0);
		Catalog left = overridden.replace(instance, instance.withStatus(InstanceStatus.OUT_OF_SERVICE));
		assertThat(left.routable("orders")).extracting("instanceId").containsExactly("b");
	}

	@Test
	void outlivesNoEnd() {
		Map<String, Entry> entries = Map.of("overrides/orders/a",
				new Entry("overrides/orders/a", "{\"status\":\"DOWN\"," + UNTIL, 2, 1));
		assertThat(Overrides.of("overrides/", entries, NOW).find("orders", "a")).isNotNull();
		Instant end = Instant.parse("2026-11-28T12:05:00Z");
		assertThat(Overrides.of("overrides/", entries, NOW).firstEnd()).hasValue(end);
		assertThat(Overrides.of("overrides/", entries, end).find("orders", "a")).isNull();
	}

	@Test
	void passesOverWhatIsNone() {
		assertThat(reason("{\"status\":\"DOWN\"}")).contains("'until' must be a time");
		assertThat(reason("{\"status\":\"SLEEPY\"," + UNTIL)).contains("There is no status 'SLEEPY'");
		assertThat(reason("{\"weight\":-1," + UNTIL)).contains("'weight'");
		assertThat(reason("{" + UNTIL)).contains("neither a 'status' nor a 'weight'");
		assertThat(reason("nonsense")).contains("no JSON object");
		assertThat(reason("[".repeat(4000))).contains("no JSON object");
		assertThat(overrides("orders", "{\"weight\":1," + UNTIL).rejected()).hasSize(1);
	}

	@Test
	void readsWhatItWrites() {
		InstanceOverride override = new InstanceOverride(InstanceStatus.OUT_OF_SERVICE, 3, NOW, NOW.plusSeconds(60),
				"al\"ice");
		assertThat(overrides("orders/a", override.json()).find("orders", "a")).isEqualTo(override);
	}

	private static String reason(String value) {
		return overrides("orders/a", value).rejected().get("overrides/orders/a");
	}

	private static Overrides overrides(String key, String value) {
		return Overrides.of("overrides/", Map.of("overrides/" + key, new Entry("overrides/" + key, value, 2, 1)), NOW);
	}

	private static Catalog catalog() {
		Map<String, Entry> entries = new HashMap<>();
		for (String key : List.of("orders/a", "orders/b", "payments/c")) {
			entries.put("services/" + key,
					new Entry("services/" + key, "{\"host\":\"%s\",\"port\":1,\"metadata\":{\"zone\":\"z\"}}"
						.formatted(key.substring(key.length() - 1)), 1, 1));
		}
		return Catalog.empty()
			.update(new Snapshot(1, 1, entries), entries.keySet(),
					new InstanceReader("services", List.of(new JsonCodec(), new AddressCodec())),
					Catalog.AbsenceRule.NONE);
	}

}
