package io.github.etcddiscovery.client;

import java.time.Duration;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.Executor;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.Supplier;

/**
 * A read that is asked a second time when the answer is slow: requests go to the members
 * in turn, so the second one passes by a member that hangs. At most one more is under
 * way, and the first good answer counts.
 *
 * @param <T> the type of the answer
 */
final class HedgedRead<T> {

	private static final Duration PATIENCE = Duration.ofMillis(1500);

	private static final Executor LATER = CompletableFuture.delayedExecutor(PATIENCE.toMillis(), TimeUnit.MILLISECONDS);

	private final Supplier<CompletableFuture<T>> read;

	private final CompletableFuture<T> answer = new CompletableFuture<>();

	private final AtomicInteger underWay = new AtomicInteger();

	private HedgedRead(Supplier<CompletableFuture<T>> read) {
		this.read = read;
	}

	static <T> CompletableFuture<T> of(Supplier<CompletableFuture<T>> read) {
		HedgedRead<T> hedged = new HedgedRead<>(read);
		hedged.ask();
		LATER.execute(() -> {
			if (!hedged.answer.isDone()) {
				hedged.ask();
			}
		});
		return hedged.answer;
	}

	private void ask() {
		this.underWay.incrementAndGet();
		this.read.get().whenComplete((result, failure) -> {
			boolean last = this.underWay.decrementAndGet() == 0;
			if (failure == null) {
				this.answer.complete(result);
			}
			else if (last) {
				this.answer.completeExceptionally(failure);
			}
		});
	}

}
