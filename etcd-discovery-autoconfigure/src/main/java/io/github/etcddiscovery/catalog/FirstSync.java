package io.github.etcddiscovery.catalog;

import java.time.Duration;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import java.util.function.LongSupplier;

/**
 * The first synchronisation of a range, and how long look-ups wait for it. The time
 * counts from its creation, so that successive look-ups don't each wait for the full
 * time.
 */
final class FirstSync {

	private final CompletableFuture<Void> done;

	private final LongSupplier ticker;

	private final long until;

	FirstSync(CompletableFuture<Void> done, LongSupplier ticker, Duration timeout) {
		this.done = done;
		this.ticker = ticker;
		this.until = ticker.getAsLong() + timeout.toNanos();
	}

	boolean isDone() {
		return this.done.isDone();
	}

	/**
	 * Completes when the synchronisation has succeeded, was cancelled, or has timed out.
	 */
	CompletableFuture<Void> orTimeout() {
		long rest = this.until - this.ticker.getAsLong();
		return (this.done.isDone() || rest <= 0) ? CompletableFuture.completedFuture(null)
				: this.done.copy().completeOnTimeout(null, rest, TimeUnit.NANOSECONDS).exceptionally((closed) -> null);
	}

}
