package io.github.etcddiscovery.catalog;

import java.util.concurrent.atomic.LongAdder;

import io.github.etcddiscovery.core.EtcdAccessException.Kind;
import io.github.etcddiscovery.core.Tally;

/**
 * Counts of a catalog's events since its start. Safe for use by any thread.
 */
public final class CatalogCounts {

	private final LongAdder events = new LongAdder();

	private final LongAdder rejections = new LongAdder();

	private final LongAdder waits = new LongAdder();

	private final Tally<Kind> relists = new Tally<>(Kind.class);

	CatalogCounts() {
	}

	/**
	 * Changes that watches delivered and that were applied.
	 * @return the count since the start
	 */
	public long events() {
		return this.events.sum();
	}

	/**
	 * Values that were passed over.
	 * @return the count since the start
	 */
	public long rejections() {
		return this.rejections.sum();
	}

	/**
	 * Look-ups that had to wait for the first synchronisation.
	 * @return the count since the start
	 */
	public long waits() {
		return this.waits.sum();
	}

	/**
	 * How often a mirror listed its keys again, by cause.
	 * @return the counts since the start
	 */
	public Tally<Kind> relists() {
		return this.relists;
	}

	void applied(int changes) {
		this.events.add(changes);
	}

	void rejected() {
		this.rejections.increment();
	}

	void waited() {
		this.waits.increment();
	}

}
