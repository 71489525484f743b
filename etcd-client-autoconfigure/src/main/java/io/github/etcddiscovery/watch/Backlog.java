package io.github.etcddiscovery.watch;

import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.atomic.AtomicInteger;

/**
 * Batches that wait to be applied. A thread of the client library adds them, the loop
 * takes them out. The backlog is bounded: one that overflows drops everything and accepts
 * nothing more, since a new list costs less.
 */
final class Backlog {

	static final int MAX_CHANGES = 50_000;

	private final ConcurrentLinkedQueue<Batch> batches = new ConcurrentLinkedQueue<>();

	private final AtomicInteger changes = new AtomicInteger();

	private volatile boolean overflown;

	private volatile boolean closed;

	/**
	 * Add a batch.
	 * @return whether the loop has to be woken
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
	 * Take all batches out, in the order in which they were added.
	 */
	List<Batch> drain() {
		// The count first: what is added from here on wakes the loop again
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
	 * Accept no more batches, since those that arrive now do not continue the last one.
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
