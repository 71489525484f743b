package io.github.etcddiscovery.core;

import java.time.Duration;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.Executor;
import java.util.concurrent.Future;
import java.util.function.BiConsumer;

/**
 * One thread that owns the state confined to it, and the clock that state is timed by.
 * Tasks run one at a time, in the order they were given. Safe for use by any thread.
 */
public interface EventLoop extends Executor, AutoCloseable {

	/**
	 * Run the task on this loop, after those given before it. Never runs it inside the
	 * call. Once the loop is closed the task is dropped.
	 * @param task the task
	 */
	@Override
	void execute(Runnable task);

	/**
	 * Run the task on this loop after a delay, measured on {@link #nanoTime()}.
	 * @param task the task
	 * @param delay the delay
	 * @return a handle to cancel the task
	 */
	Future<?> schedule(Runnable task, Duration delay);

	/**
	 * Handle the outcome of a request on this loop.
	 * @param <T> the type of the result
	 * @param outcome the future
	 * @param handler is given the result, or why there is none
	 */
	default <T> void handle(CompletableFuture<T> outcome, BiConsumer<T, EtcdAccessException> handler) {
		outcome.whenComplete((result, failure) -> execute(
				() -> handler.accept(result, (failure != null) ? EtcdAccessException.of(failure) : null)));
	}

	/**
	 * A monotonic reading in nanoseconds; only differences have a meaning. The wall clock
	 * plays no part, so setting it neither hastens nor delays a task.
	 * @return the reading
	 */
	long nanoTime();

	/**
	 * Whether the calling thread is this loop's.
	 * @return {@code true} on the loop
	 */
	boolean inLoop();

	/**
	 * Fail when called from another thread: state confined to the loop was about to be
	 * touched from outside.
	 */
	default void assertInLoop() {
		if (!inLoop()) {
			throw new IllegalStateException("Called from %s, outside the loop that owns this state"
				.formatted(Thread.currentThread().getName()));
		}
	}

	/**
	 * Drop the tasks that have not begun and end the thread; does not wait for a running
	 * task.
	 */
	@Override
	void close();

}
