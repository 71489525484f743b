package io.github.etcddiscovery.config;

import java.util.Collections;
import java.util.Map;

import io.github.etcddiscovery.watch.Entry;

/**
 * What a source holds at one revision. Immutable.
 *
 * @param entries what stands in etcd, by key
 * @param values the properties by name
 * @param skipped keys that are no properties, and why
 */
record SourceState(Map<String, Entry> entries, Map<String, ConfigValue> values, String[] names,
		Map<String, String> skipped) {

	static final SourceState EMPTY = of(Map.of(), Map.of(), Map.of());

	static SourceState of(Map<String, Entry> entries, Map<String, ConfigValue> values, Map<String, String> skipped) {
		return new SourceState(Collections.unmodifiableMap(entries), Collections.unmodifiableMap(values),
				values.keySet().toArray(String[]::new), Collections.unmodifiableMap(skipped));
	}

}
