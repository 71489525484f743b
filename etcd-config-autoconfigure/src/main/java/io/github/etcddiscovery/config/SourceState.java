package io.github.etcddiscovery.config;

import java.util.Collections;
import java.util.Map;

import io.github.etcddiscovery.watch.Entry;

/**
 * The content of a source at one revision. Immutable.
 *
 * @param entries the entries of etcd, by key
 * @param values the properties, by name
 * @param skipped keys that are not properties, and why
 */
record SourceState(Map<String, Entry> entries, Map<String, ConfigValue> values, String[] names,
		Map<String, String> skipped) {

	static final SourceState EMPTY = of(Map.of(), Map.of(), Map.of());

	static SourceState of(Map<String, Entry> entries, Map<String, ConfigValue> values, Map<String, String> skipped) {
		return new SourceState(Collections.unmodifiableMap(entries), Collections.unmodifiableMap(values),
				values.keySet().toArray(String[]::new), Collections.unmodifiableMap(skipped));
	}

}
