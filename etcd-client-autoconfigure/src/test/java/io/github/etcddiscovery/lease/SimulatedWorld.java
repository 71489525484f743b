package io.github.etcddiscovery.lease;

import java.time.Duration;
import java.util.Comparator;
import java.util.PriorityQueue;
import java.util.Random;
import java.util.concurrent.Future;
import java.util.concurrent.FutureTask;

import io.github.etcddiscovery.core.EventLoop;

/**
 * True time, which moves from one event to the next, and processes whose clocks run
 * faster or slower than it.
 */
final class SimulatedWorld {

	private final PriorityQueue<Event> events = new PriorityQueue<>(
			Comparator.comparingLong(Event::dueAt).thenComparingLong(Event::number));

	private final Random random;

	private long now;

	private long numbers;

	SimulatedWorld(Random random) {
		this.random = random;
	}

	long now() {
		return this.now;
	}

	Random random() {
		return this.random;
	}

	void after(long nanos, Runnable task) {
		this.events.add(new Event(this.now + Math.max(nanos, 0), this.numbers++, task));
	}

	/**
	 * Let the next event happen.
	 */
	void step() {
		Event event = this.events.remove();
		this.now = event.dueAt();
		event.task().run();
	}

	/**
	 * A thread of a process whose clock runs at a rate of its own.
	 */
	final class Loop implements EventLoop {

		private final double rate;

		private long heldUntil;

		private boolean running;

		Loop(double rate) {
			this.rate = rate;
		}

		/**
		 * Run nothing for a while: the process is stopped, or the thread is busy.
		 */
		void hold(long nanos) {
			this.heldUntil = Math.max(this.heldUntil, SimulatedWorld.this.now + nanos);
		}

		boolean isHeld() {
			return SimulatedWorld.this.now < this.heldUntil;
		}

		@Override
		public void execute(Runnable task) {
			schedule(task, Duration.ZERO);
		}

		@Override
		public Future<?> schedule(Runnable task, Duration delay) {
			FutureTask<?> future = new FutureTask<>(task, null);
			long dueAt = SimulatedWorld.this.now + (long) Math.ceil(delay.toNanos() / this.rate);
			add(dueAt, SimulatedWorld.this.numbers++, future);
			return future;
		}

		private void add(long dueAt, long number, FutureTask<?> future) {
			SimulatedWorld.this.events.add(new Event(dueAt, number, () -> run(number, future)));
		}

		/**
		 * What is held keeps its number: tasks run in the order in which they were given.
		 */
		private void run(long number, FutureTask<?> future) {
			if (future.isCancelled()) {
				return;
			}
			if (isHeld()) {
				add(this.heldUntil, number, future);
				return;
			}
			this.running = true;
			try {
				future.run();
				if (!future.isCancelled()) {
					future.get();
				}
			}
			catch (Exception ex) {
				throw new AssertionError("A task failed", ex);
			}
			finally {
				this.running = false;
			}
		}

		@Override
		public long nanoTime() {
			return (long) (SimulatedWorld.this.now * this.rate);
		}

		@Override
		public boolean inLoop() {
			return this.running;
		}

		@Override
		public void close() {
		}

	}

	private record Event(long dueAt, long number, Runnable task) {
	}

}
