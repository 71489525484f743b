package io.github.etcddiscovery.core;

import java.util.EnumMap;
import java.util.Map;
import java.util.Objects;
import java.util.concurrent.atomic.LongAdder;

/**
 * Counts events by kind. Safe for use by any thread.
 *
 * @param <K> the kinds of event
 */
public final class Tally<K extends Enum<K>> {

	private final Map<K, LongAdder> counts;

	/**
	 * Create a tally of zeros.
	 * @param kinds the type of the kinds, each of which gets a counter
	 */
	public Tally(Class<K> kinds) {
		this.counts = new EnumMap<>(kinds);
		for (K kind : kinds.getEnumConstants()) {
			this.counts.put(kind, new LongAdder());
		}
	}

	/**
	 * Count one event.
	 * @param kind the kind of the event
	 */
	public void add(K kind) {
		counter(kind).increment();
	}

	/**
	 * How many events were counted.
	 * @param kind the kind of event
	 * @return their number since this tally was created
	 */
	public long count(K kind) {
		return counter(kind).sum();
	}

	private LongAdder counter(K kind) {
		return Objects.requireNonNull(this.counts.get(kind));
	}

}
