package io.github.etcddiscovery.catalog;

import java.time.Duration;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import java.util.function.LongSupplier;

/**
 * The first synchronisation of something, and how long it is worth waiting for: from its
 * creation on, so that many look-ups one after another do not wait each.
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
	 * Completes when it is done, given up, or no longer worth waiting for.
	 */
	CompletableFuture<Void> orTimeout() {
		long rest = this.until - this.ticker.getAsLong();
		return (this.done.isDone() || rest <= 0) ? CompletableFuture.completedFuture(null)
				: this.done.copy().completeOnTimeout(null, rest, TimeUnit.NANOSECONDS).exceptionally((closed) -> null);
	}

}
