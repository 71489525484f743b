package io.github.etcddiscovery.core;

import java.time.Duration;
import java.util.Comparator;
import java.util.PriorityQueue;
import java.util.concurrent.Future;
import java.util.concurrent.FutureTask;

/**
 * An {@link EventLoop} whose time stands still until a test moves it. Tasks run when the
 * test says so, on the test's thread, never inside the call that gives them.
 */
public final class ManualEventLoop implements EventLoop {

	private final PriorityQueue<Task> tasks = new PriorityQueue<>(
			Comparator.comparingLong(Task::dueAt).thenComparingLong(Task::number));

	private long now = 1_000_000_000_000L;

	private long numbers;

	private boolean running;

	private boolean closed;

	@Override
	public void execute(Runnable task) {
		schedule(task, Duration.ZERO);
	}

	@Override
	public Future<?> schedule(Runnable task, Duration delay) {
		FutureTask<?> future = new FutureTask<>(task, null);
		if (!this.closed) {
			this.tasks.add(new Task(this.now + delay.toNanos(), this.numbers++, future));
		}
		return future;
	}

	/**
	 * Run everything that is due now, and what that leads to.
	 */
	public void runDue() {
		advance(Duration.ZERO);
	}

	/**
	 * Move time on and run, in order, all that falls due on the way.
	 * @param duration how far
	 */
	public void advance(Duration duration) {
		long until = this.now + duration.toNanos();
		for (Task task = this.tasks.peek(); task != null && task.dueAt() <= until; task = this.tasks.peek()) {
			this.tasks.remove(task);
			this.now = Math.max(this.now, task.dueAt());
			run(task);
		}
		this.now = until;
	}

	/**
	 * Move time on without running anything, as if the process had been stopped.
	 * @param duration how far
	 */
	public void pause(Duration duration) {
		this.now += duration.toNanos();
	}

	private void run(Task task) {
		this.running = true;
		try {
			task.future().run();
			if (!task.future().isCancelled()) {
				task.future().get();
			}
		}
		catch (Exception ex) {
			throw new AssertionError("A task on the loop failed", ex.getCause());
		}
		finally {
			this.running = false;
		}
	}

	@Override
	public long nanoTime() {
		return this.now;
	}

	@Override
	public boolean inLoop() {
		return this.running;
	}

	@Override
	public void close() {
		this.closed = true;
		this.tasks.clear();
	}

	private record Task(long dueAt, long number, FutureTask<?> future) {
	}

}
