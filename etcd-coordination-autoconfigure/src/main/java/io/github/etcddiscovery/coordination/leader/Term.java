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
 * One leadership from its beginning to its end, and the work that is done in it. Safe for
 * use by any thread.
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
	 * Nothing more begins in it, and what is to be interrupted is.
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
	 * Completes with the end.
	 */
	CompletableFuture<Void> over() {
		return this.over;
	}

	/**
	 * Completes when nothing runs any more, and everybody was told of the end.
	 */
	CompletableFuture<Void> finished() {
		return CompletableFuture.allOf(this.finished, this.told);
	}

	/**
	 * Everybody was told of the end, or nobody ever of the beginning.
	 */
	void told() {
		this.told.complete(null);
	}

	/**
	 * Begin some work.
	 * @param interrupted whether the calling thread is interrupted at the end of the term
	 * @return to be closed when it is done; {@code null} if the term is over
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
	 * Some work that is under way. Its thread does not keep an interruption that was
	 * meant for the work.
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
		 * Do a part of the work on its thread.
		 * @param interruptible whether the thread is interrupted at the end of the term,
		 * also when that has come already
		 * @param part what to do
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
		 * Whether the thread is interrupted at the end of the term from now on. Called by
		 * the thread.
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
		 * It is done.
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
