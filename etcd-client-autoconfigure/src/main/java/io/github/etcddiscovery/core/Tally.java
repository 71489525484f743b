package io.github.etcddiscovery.core;

import java.util.EnumMap;
import java.util.Map;
import java.util.Objects;
import java.util.concurrent.atomic.LongAdder;

/**
 * Counts by kind since the start. Safe for use by any thread.
 *
 * @param <K> the kinds
 */
public final class Tally<K extends Enum<K>> {

	private final Map<K, LongAdder> counts;

	/**
	 * Create a tally of zeros.
	 * @param kinds the kinds
	 */
	public Tally(Class<K> kinds) {
		this.counts = new EnumMap<>(kinds);
		for (K kind : kinds.getEnumConstants()) {
			this.counts.put(kind, new LongAdder());
		}
	}

	/**
	 * Count one.
	 * @param kind its kind
	 */
	public void add(K kind) {
		counter(kind).increment();
	}

	/**
	 * How many there were.
	 * @param kind the kind
	 * @return the count
	 */
	public long count(K kind) {
		return counter(kind).sum();
	}

	private LongAdder counter(K kind) {
		return Objects.requireNonNull(this.counts.get(kind));
	}

}
