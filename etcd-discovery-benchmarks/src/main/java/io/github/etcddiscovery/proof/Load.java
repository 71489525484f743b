package io.github.etcddiscovery.proof;

import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.LockSupport;
import java.util.function.Supplier;
import java.util.stream.Stream;

/**
 * Calls at a constant rate, whatever becomes of the calls before: each has its time by
 * the clock, and what is late because of the caller is late for the tally too.
 */
final class Load {

	/**
	 * What is not answered by then has failed. Long, since on a machine that is busy with
	 * other things an answer may be late through nobody's fault; how late is shown.
	 */
	private static final long PATIENCE_SECONDS = 30;

	private static final int MAX_IN_FLIGHT = 5_000;

	private final Tally tally;

	private final Supplier<CompletableFuture<String>> call;

	private volatile boolean running = true;

	/**
	 * Create a load that has not begun.
	 * @param tally counts
	 * @param call begins a call, does not wait for it, and completes with the name of the
	 * instance that answered
	 */
	Load(Tally tally, Supplier<CompletableFuture<String>> call) {
		this.tally = tally;
		this.call = call;
	}

	Tally tally() {
		return this.tally;
	}

	/**
	 * Calls before the load, which are not counted; returns when they are answered.
	 */
	void warmUp(int calls) {
		CompletableFuture.allOf(Stream.generate(this.call).limit(calls).toArray(CompletableFuture[]::new))
			.orTimeout(PATIENCE_SECONDS, TimeUnit.SECONDS)
			.join();
	}

	/**
	 * Begin, on a thread of its own.
	 * @param perSecond the rate
	 */
	void start(int perSecond) {
		this.tally.begin();
		Thread thread = new Thread(() -> run(TimeUnit.SECONDS.toNanos(1) / perSecond), "load");
		thread.setDaemon(true);
		thread.start();
	}

	private void run(long period) {
		long due = System.nanoTime();
		while (this.running) {
			for (long wait = due - System.nanoTime(); wait > 0; wait = due - System.nanoTime()) {
				LockSupport.parkNanos(wait);
			}
			request(due);
			due += period;
		}
	}

	private void request(long due) {
		this.tally.requested();
		if (this.tally.inFlight() > MAX_IN_FLIGHT) {
			this.tally.failed(new IllegalStateException("More than " + MAX_IN_FLIGHT + " requests in flight"));
			return;
		}
		this.call.get().orTimeout(PATIENCE_SECONDS, TimeUnit.SECONDS).whenComplete((name, failure) -> {
			if (failure != null) {
				this.tally.failed(failure);
			}
			else {
				this.tally.answered(name, due);
			}
		});
	}

	/**
	 * Send no more, and wait for the answers to what was sent.
	 */
	void stop() {
		this.running = false;
		Stage.within(PATIENCE_SECONDS * 2, "the last answers", () -> this.tally.inFlight() == 0);
		this.tally.end();
	}

}
