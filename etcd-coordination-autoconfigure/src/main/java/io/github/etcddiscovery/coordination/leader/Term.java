package io.github.etcddiscovery.coordination.leader;

import java.time.Duration;
import java.time.Instant;
import java.util.HashSet;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.locks.ReentrantLock;

import io.github.etcddiscovery.coordination.FencingToken;
import io.github.etcddiscovery.lease.Tenure;
import org.jspecify.annotations.Nullable;

/**
 * One leadership from its beginning to its end, and the work done in it. Safe for use by
 * any thread.
 */
final class Term {

	private final Tenure tenure;

	private final FencingToken token;

	private final Instant since;

	private final ReentrantLock lock = new ReentrantLock();

	private final Set<Run> runs = new HashSet<>();

	private final CompletableFuture<Void> over = new CompletableFuture<>();

	private final CompletableFuture<Void> finished = new CompletableFuture<>();

	private final CompletableFuture<Void> told = new CompletableFuture<>();

	Term(Tenure tenure, Instant since) {
		this.tenure = tenure;
		this.token = new FencingToken(tenure.key(), tenure.token());
		this.since = since;
	}

	Tenure tenure() {
		return this.tenure;
	}

	FencingToken token() {
		return this.token;
	}

	Instant since() {
		return this.since;
	}

	boolean isCurrent() {
		return !this.over.isDone() && this.tenure.isValid();
	}

	Duration validFor() {
		return this.over.isDone() ? Duration.ZERO : this.tenure.validFor();
	}

	/**
	 * Ends the term: no more work begins, and interruptible work is interrupted.
	 */
	void end() {
		this.lock.lock();
		try {
			this.over.complete(null);
			this.runs.forEach(Run::revoke);
			if (this.runs.isEmpty()) {
				this.finished.complete(null);
			}
		}
		finally {
			this.lock.unlock();
		}
	}

	/**
	 * Completes when the term ends.
	 */
	CompletableFuture<Void> over() {
		return this.over;
	}

	/**
	 * Completes when no work runs any more and all handlers were called for the end.
	 */
	CompletableFuture<Void> finished() {
		return CompletableFuture.allOf(this.finished, this.told);
	}

	/**
	 * All handlers were called for the end, or none for the beginning.
	 */
	void told() {
		this.told.complete(null);
	}

	/**
	 * Begin work.
	 * @param interrupted whether the calling thread is interrupted at the end of the term
	 * @return to be closed when the work has finished; {@code null} if the term is over
	 */
	@Nullable Run begin(boolean interrupted) {
		if (!isCurrent()) {
			return null;
		}
		this.lock.lock();
		try {
			if (this.over.isDone()) {
				return null;
			}
			Run run = new Run(interrupted);
			this.runs.add(run);
			return run;
		}
		finally {
			this.lock.unlock();
		}
	}

	/**
	 * Work that is under way. An interruption of its thread is cleared when the work has
	 * finished.
	 */
	final class Run implements AutoCloseable {

		private final Thread thread = Thread.currentThread();

		private boolean interruptible;

		private boolean interrupted;

		private Run(boolean interruptible) {
			this.interruptible = interruptible;
		}

		private void revoke() {
			if (this.interruptible && !this.interrupted) {
				this.interrupted = true;
				this.thread.interrupt();
			}
		}

		/**
		 * Run a part of the work on its thread.
		 * @param interruptible whether the thread is interrupted if the term ends or has
		 * ended
		 * @param part the part
		 */
		void part(boolean interruptible, Runnable part) {
			interruptible(interruptible);
			try {
				part.run();
			}
			finally {
				interruptible(false);
			}
		}

		/**
		 * Set whether the thread is interrupted at the end of the term. Called by the
		 * thread.
		 */
		void interruptible(boolean interruptible) {
			Term.this.lock.lock();
			try {
				this.interruptible = interruptible;
				if (!interruptible && this.interrupted) {
					this.interrupted = false;
					Thread.interrupted();
				}
				else if (Term.this.over.isDone()) {
					revoke();
				}
			}
			finally {
				Term.this.lock.unlock();
			}
		}

		/**
		 * The work has finished.
		 */
		@Override
		public void close() {
			Term.this.lock.lock();
			try {
				if (Thread.currentThread() == this.thread) {
					interruptible(false);
				}
				Term.this.runs.remove(this);
				if (Term.this.over.isDone() && Term.this.runs.isEmpty()) {
					Term.this.finished.complete(null);
				}
			}
			finally {
				Term.this.lock.unlock();
			}
		}

		FencingToken token() {
			return Term.this.token;
		}

		CompletableFuture<Void> over() {
			return Term.this.over;
		}

	}

}
