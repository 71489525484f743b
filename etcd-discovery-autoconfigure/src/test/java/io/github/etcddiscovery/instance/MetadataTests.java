package io.github.etcddiscovery.instance;

import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

import org.junit.jupiter.api.Test;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;

/**
 * Tests for {@link Metadata}.
 */
class MetadataTests {

	@Test
	void equalsAnyMapOfTheSameContentAndKeepsTheOrder() {
		Map<String, String> given = new LinkedHashMap<>();
		for (String name : List.of("zone", "b", "a", "version")) {
			given.put(name, name + "-value");
		}
		Map<String, String> metadata = Metadata.of(given);
		assertThat(metadata).isEqualTo(given).hasSameHashCodeAs(given).hasToString(given.toString());
		assertThat(given).isEqualTo(metadata);
		assertThat(metadata.keySet()).containsExactly("zone", "b", "a", "version");
		assertThat(metadata.get("a")).isEqualTo("a-value");
		assertThat(metadata.get("c")).isNull();
		assertThat(metadata.containsKey("b")).isTrue();
		assertThat(metadata.containsKey("c")).isFalse();
	}

	@Test
	void isNeverChanged() {
		Map<String, String> given = new HashMap<>(Map.of("zone", "a"));
		Map<String, String> metadata = Metadata.of(given);
		given.put("zone", "b");
		assertThat(metadata).containsExactly(Map.entry("zone", "a"));
		assertThatExceptionOfType(UnsupportedOperationException.class).isThrownBy(() -> metadata.put("x", "y"));
		assertThatExceptionOfType(UnsupportedOperationException.class).isThrownBy(() -> metadata.remove("zone"));
		assertThatExceptionOfType(UnsupportedOperationException.class).isThrownBy(metadata::clear);
		assertThatExceptionOfType(UnsupportedOperationException.class)
			.isThrownBy(() -> metadata.entrySet().iterator().next().setValue("b"));
	}

	@Test
	void whatIsEqualIsShared() {
		String value = "zone-of-this-test";
		EtcdServiceInstance first = instance(new String(value.toCharArray()), "one");
		EtcdServiceInstance second = instance(new String(value.toCharArray()), "two");
		assertThat(first.getMetadata()).isSameAs(second.getMetadata());
		assertThat(first.getServiceId()).isSameAs(second.getServiceId());
		assertThat(first.getHost()).isSameAs(second.getHost());
		assertThat(first.withPort(81).getMetadata()).isSameAs(first.getMetadata());
	}

	private static EtcdServiceInstance instance(String zone, String id) {
		return new EtcdServiceInstance(new String("orders"), id, new String("shared.example"), 80, false,
				InstanceStatus.UP, new HashMap<>(Map.of("zone", zone)));
	}

}
