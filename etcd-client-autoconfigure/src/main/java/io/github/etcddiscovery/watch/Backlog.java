package io.github.etcddiscovery.watch;

import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.atomic.AtomicInteger;

/**
 * Batches that wait to be applied: put in by a thread of the client library, taken out by
 * the loop. It is bounded: one that has grown too long is given up as a whole, since a
 * new list costs less, and keeps nothing from then on.
 */
final class Backlog {

	static final int MAX_CHANGES = 50_000;

	private final ConcurrentLinkedQueue<Batch> batches = new ConcurrentLinkedQueue<>();

	private final AtomicInteger changes = new AtomicInteger();

	private volatile boolean overflown;

	private volatile boolean closed;

	/**
	 * Put a batch in.
	 * @return whether the loop has to be woken for it
	 */
	boolean add(Batch batch) {
		if (this.overflown || this.closed) {
			return false;
		}
		this.batches.add(batch);
		int before = this.changes.getAndAdd(Math.max(1, batch.changes().size()));
		if (before > MAX_CHANGES) {
			this.overflown = true;
			this.batches.clear();
			return true;
		}
		return before == 0;
	}

	/**
	 * Take all batches out, in their order.
	 */
	List<Batch> drain() {
		// First the count: what is added from here on wakes the loop again.
		this.changes.set(0);
		List<Batch> drained = new ArrayList<>();
		for (Batch batch = this.batches.poll(); batch != null; batch = this.batches.poll()) {
			drained.add(batch);
		}
		return drained;
	}

	boolean isOverflown() {
		return this.overflown;
	}

	int size() {
		return this.changes.get();
	}

	/**
	 * Keep what is there and take no more: what comes now does not follow it.
	 */
	void close() {
		this.closed = true;
	}

	void clear() {
		this.closed = true;
		this.batches.clear();
		this.changes.set(0);
	}

}
