package io.github.etcddiscovery.benchmarks;

import java.time.Duration;
import java.util.concurrent.Future;

import io.github.etcddiscovery.core.EventLoop;

/**
 * A loop that knows for how long a single task has occupied it at most.
 */
final class TimedEventLoop implements EventLoop {

	private final EventLoop loop;

	private volatile long longest;

	TimedEventLoop(EventLoop loop) {
		this.loop = loop;
	}

	/**
	 * The longest that a task has run.
	 */
	long longest() {
		return this.longest;
	}

	private Runnable timed(Runnable task) {
		return () -> {
			long begun = System.nanoTime();
			task.run();
			this.longest = Math.max(this.longest, System.nanoTime() - begun);
		};
	}

	@Override
	public void execute(Runnable task) {
		this.loop.execute(timed(task));
	}

	@Override
	public Future<?> schedule(Runnable task, Duration delay) {
		return this.loop.schedule(timed(task), delay);
	}

	@Override
	public long nanoTime() {
		return this.loop.nanoTime();
	}

	@Override
	public boolean inLoop() {
		return this.loop.inLoop();
	}

	@Override
	public void close() {
		this.loop.close();
	}

}
