package io.github.etcddiscovery.lease;

import java.util.concurrent.Future;
import java.util.function.BooleanSupplier;

import io.github.etcddiscovery.core.EtcdAccessException.Kind;
import io.github.etcddiscovery.core.EventLoop;
import io.github.etcddiscovery.core.RetryDelays;
import org.jspecify.annotations.Nullable;

/**
 * Decides when a claim may run. A claim makes one run at a time, which may take several
 * requests.
 * <ul>
 * <li>A run that is requested during another one follows it at once.
 * <li>A retry waits for its delay. Another request for a retry does not postpone it, so
 * it happens however often other clients write.
 * <li>Delays grow while one failure follows another, and start again after a quiet time.
 * </ul>
 * Confined to the loop.
 */
final class Turn {

	private final EventLoop loop;

	private final RetryDelays delays;

	private final long quietNanos;

	private final BooleanSupplier run;

	private State state = State.IDLE;

	private @Nullable Kind retryAfterRun;

	private @Nullable Future<?> retry;

	private long lastTrouble;

	/**
	 * Create a turn.
	 * @param loop the loop that owns the state
	 * @param delays how long a retry waits
	 * @param quietNanos after how long without a failure the delays start again
	 * @param run begins a run and returns whether there is one; {@link #end()} must then
	 * be called when it has ended
	 */
	Turn(EventLoop loop, RetryDelays delays, long quietNanos, BooleanSupplier run) {
		this.loop = loop;
		this.delays = delays;
		this.quietNanos = quietNanos;
		this.run = run;
	}

	/**
	 * Run now, or as soon as the run that is under way has ended.
	 */
	void take() {
		this.loop.assertInLoop();
		if (isRunning()) {
			this.state = State.AGAIN;
			return;
		}
		cancelRetry();
		this.state = State.RUNNING;
		if (!this.run.getAsBoolean()) {
			this.state = State.IDLE;
		}
	}

	/**
	 * Run after the delay for a failure, counted from the end of the run that is under
	 * way.
	 * @param trouble the kind of the failure
	 */
	void takeLater(Kind trouble) {
		this.loop.assertInLoop();
		switch (this.state) {
			case RUNNING, AGAIN -> this.retryAfterRun = trouble;
			case IDLE -> schedule(trouble);
			case WAITING -> {
				// The retry that waits keeps its time
			}
		}
	}

	private void schedule(Kind trouble) {
		long now = this.loop.nanoTime();
		if (now - this.lastTrouble > this.quietNanos) {
			this.delays.reset();
		}
		this.lastTrouble = now;
		this.state = State.WAITING;
		this.retry = this.loop.schedule(this::take, this.delays.after(trouble));
	}

	/**
	 * The run has ended.
	 */
	void end() {
		this.loop.assertInLoop();
		Kind trouble = this.retryAfterRun;
		boolean again = this.state == State.AGAIN;
		this.retryAfterRun = null;
		this.state = State.IDLE;
		if (again) {
			take();
		}
		else if (trouble != null) {
			schedule(trouble);
		}
	}

	/**
	 * Cancel the runs that are to follow.
	 */
	void stop() {
		cancelRetry();
		this.retryAfterRun = null;
		this.state = isRunning() ? State.RUNNING : State.IDLE;
	}

	boolean isRunning() {
		return this.state == State.RUNNING || this.state == State.AGAIN;
	}

	private void cancelRetry() {
		if (this.retry != null) {
			this.retry.cancel(false);
			this.retry = null;
		}
	}

	private enum State {

		/**
		 * There is nothing to do.
		 */
		IDLE,

		/**
		 * A run is under way.
		 */
		RUNNING,

		/**
		 * A run is under way, and another one follows it.
		 */
		AGAIN,

		/**
		 * A retry waits for its time.
		 */
		WAITING

	}

}
