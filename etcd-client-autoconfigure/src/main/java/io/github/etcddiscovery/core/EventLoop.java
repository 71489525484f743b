package io.github.etcddiscovery.core;

import java.time.Duration;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.Executor;
import java.util.concurrent.Future;
import java.util.function.BiConsumer;

/**
 * One thread that owns the state confined to it, and the clock for that state. Tasks run
 * one at a time, in the order in which they were submitted. Safe for use by any thread.
 */
public interface EventLoop extends Executor, AutoCloseable {

	/**
	 * Run the task on this loop, after those submitted before it, and never inside this
	 * call. A closed loop drops the task.
	 * @param task the task; an exception that it throws is logged and does not end the
	 * loop
	 */
	@Override
	void execute(Runnable task);

	/**
	 * Run the task on this loop after a delay, measured on {@link #nanoTime()}.
	 * @param task the task
	 * @param delay how long to wait; zero or less for as soon as possible
	 * @return a handle to cancel the task
	 */
	Future<?> schedule(Runnable task, Duration delay);

	/**
	 * Handle the outcome of a request on this loop.
	 * @param <T> the type of the result
	 * @param outcome the answer to the request
	 * @param handler receives the result, or the failure
	 */
	default <T> void handle(CompletableFuture<T> outcome, BiConsumer<T, EtcdAccessException> handler) {
		outcome.whenComplete((result, failure) -> execute(
				() -> handler.accept(result, (failure != null) ? EtcdAccessException.of(failure) : null)));
	}

	/**
	 * The time on a monotonic clock; only differences have a meaning. Setting the wall
	 * clock neither hastens nor delays a task.
	 * @return nanoseconds
	 */
	long nanoTime();

	/**
	 * Whether the calling thread is this loop's.
	 * @return {@code true} on the loop
	 */
	boolean inLoop();

	/**
	 * Throw {@link IllegalStateException} when called from another thread, which must not
	 * touch state that is confined to the loop.
	 */
	default void assertInLoop() {
		if (!inLoop()) {
			throw new IllegalStateException("Called from %s, outside the loop that owns this state"
				.formatted(Thread.currentThread().getName()));
		}
	}

	/**
	 * Drop the tasks that have not begun, and end the thread. Does not wait for a running
	 * task.
	 */
	@Override
	void close();

}
