package io.github.etcddiscovery.client;

import java.time.Duration;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.Future;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.Supplier;

import io.github.etcddiscovery.core.EtcdAccessException;
import io.github.etcddiscovery.core.EtcdAccessException.Kind;
import io.github.etcddiscovery.core.EventLoop;

/**
 * A read that is asked a second time when the answer is slow, or when the member that was
 * asked has no leader: requests go to the members in turn, so the second one passes by a
 * member that hangs or is cut off. At most one more is under way, and the first good
 * answer counts.
 *
 * @param <T> the type of the answer
 */
final class HedgedRead<T> {

	private static final Duration PATIENCE = Duration.ofMillis(1500);

	private final Supplier<CompletableFuture<T>> read;

	private final CompletableFuture<T> answer = new CompletableFuture<>();

	private final AtomicInteger underWay = new AtomicInteger();

	private final AtomicBoolean repeated = new AtomicBoolean();

	private HedgedRead(Supplier<CompletableFuture<T>> read) {
		this.read = read;
	}

	/**
	 * Ask.
	 * @param <T> the type of the answer
	 * @param read asks once
	 * @param loop where to ask again from
	 * @return the answer
	 */
	static <T> CompletableFuture<T> of(Supplier<CompletableFuture<T>> read, EventLoop loop) {
		HedgedRead<T> hedged = new HedgedRead<>(read);
		hedged.ask();
		Future<?> later = loop.schedule(hedged::askAgain, PATIENCE);
		return hedged.answer.whenComplete((answer, failure) -> later.cancel(false));
	}

	private void ask() {
		this.underWay.incrementAndGet();
		this.read.get().whenComplete((result, failure) -> {
			if (failure == null) {
				this.answer.complete(result);
				return;
			}
			if (EtcdAccessException.of(failure).getKind() == Kind.NO_LEADER) {
				askAgain();
			}
			if (this.underWay.decrementAndGet() == 0) {
				this.answer.completeExceptionally(failure);
			}
		});
	}

	private void askAgain() {
		if (!this.answer.isDone() && this.repeated.compareAndSet(false, true)) {
			ask();
		}
	}

}
