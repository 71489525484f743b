package io.github.etcddiscovery.coordination.leader;

import java.time.Clock;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.locks.ReentrantLock;
import java.util.function.Consumer;

import io.etcd.jetcd.Txn;
import io.github.etcddiscovery.coordination.Coordination;
import io.github.etcddiscovery.coordination.FencingToken;
import io.github.etcddiscovery.core.EventLoop;
import io.github.etcddiscovery.core.ThreadEventLoop;
import io.github.etcddiscovery.lease.Contender;
import io.github.etcddiscovery.lease.Tenure;
import org.apache.commons.logging.Log;
import org.apache.commons.logging.LogFactory;
import org.jspecify.annotations.Nullable;

/**
 * This process's part in the election for a role: it waits for its turn, leads, and waits
 * again when it has lost the leadership, until it is closed. Handlers are called one at a
 * time on a thread of the role. Safe for use by any thread.
 */
public final class Leadership implements AutoCloseable {

	private static final Log logger = LogFactory.getLog(Leadership.class);

	private final String role;

	private final LeaderProperties properties;

	private final Clock clock;

	private final List<LeadershipListener> listeners;

	private final Runnable onClose;

	private final EventLoop handlers;

	private final Contender contender;

	private final List<Consumer<FencingToken>> onGranted = new CopyOnWriteArrayList<>();

	private final List<Consumer<FencingToken>> onRevoked = new CopyOnWriteArrayList<>();

	/**
	 * Guards what follows, and what is decided by it.
	 */
	private final ReentrantLock lock = new ReentrantLock();

	private boolean wanted;

	private boolean entered;

	private boolean closed;

	private @Nullable CompletableFuture<Void> stepDown;

	private volatile @Nullable Term term;

	/**
	 * Of the handlers' thread: the term that they were told of.
	 */
	private @Nullable Term told;

	private final AtomicBoolean toTell = new AtomicBoolean();

	Leadership(String role, Coordination coordination, LeaderProperties properties, Clock clock,
			List<LeadershipListener> listeners, Runnable onClose) {
		this.role = role;
		this.properties = properties;
		this.clock = clock;
		this.listeners = listeners;
		this.onClose = onClose;
		this.handlers = new ThreadEventLoop("etcd-leader-" + role);
		this.contender = coordination.contender(Coordination.Kind.LEADER, role, new ContenderListener());
	}

	/**
	 * The role.
	 * @return the role
	 */
	public String role() {
		return this.role;
	}

	/**
	 * Whether this process leads now: computed at each call from the monotonic clock and
	 * the last answered renewal of the lease, with a margin. No other process has the
	 * same answer at the same time, unless this one is stopped between asking and acting:
	 * then the {@link #fencingToken()} helps where it is checked.
	 * @return {@code true} if it leads
	 */
	public boolean isLeader() {
		Term term = this.term;
		return term != null && term.isCurrent();
	}

	/**
	 * The token of the leadership.
	 * @return the token
	 * @throws NotLeaderException if this process does not lead
	 */
	public long fencingToken() {
		return token().orElseThrow(() -> new NotLeaderException(this.role)).value();
	}

	/**
	 * The token of the leadership, if this process leads.
	 * @return the token
	 */
	public Optional<FencingToken> token() {
		Term term = this.term;
		return (term != null && term.isCurrent()) ? Optional.of(term.token()) : Optional.empty();
	}

	/**
	 * For how long this process leads from now on, if it can't renew its lease any more.
	 * @return the time; zero if it does not lead
	 */
	public Duration validFor() {
		Term term = this.term;
		return (term != null) ? term.validFor() : Duration.ZERO;
	}

	/**
	 * Since when this process leads.
	 * @return the time by the wall clock; empty if it does not lead
	 */
	public Optional<Instant> since() {
		Term term = this.term;
		return (term != null && term.isCurrent()) ? Optional.of(term.since()) : Optional.empty();
	}

	/**
	 * Where it stands in the queue.
	 * @return the state
	 */
	public Contender.State state() {
		return this.contender.state();
	}

	/**
	 * Call a handler whenever this process begins to lead; now, if it leads already. It
	 * may block, and is interrupted at the end of the leadership if
	 * {@code spring.cloud.etcd.leader.on-revoke} says so.
	 * @param handler is given the token
	 * @return this
	 */
	public Leadership onGranted(Consumer<FencingToken> handler) {
		this.handlers.execute(() -> {
			this.onGranted.add(handler);
			Term term = this.told;
			if (term != null) {
				run(term, () -> handler.accept(term.token()));
			}
		});
		return this;
	}

	/**
	 * Call a handler whenever the leadership has ended. When it is given up, no other
	 * process leads before the handlers have returned, or
	 * {@code spring.cloud.etcd.leader.step-down-timeout} is over.
	 * @param handler is given the token that the leadership had
	 * @return this
	 */
	public Leadership onRevoked(Consumer<FencingToken> handler) {
		this.onRevoked.add(handler);
		return this;
	}

	/**
	 * Put the condition that this process still leads into a transaction of the
	 * application's on the same etcd. That is safe without any clock.
	 * @param transaction the transaction, to which nothing but conditions was added yet
	 * @return the same transaction
	 * @throws NotLeaderException if this process does not lead
	 */
	public Txn guard(Txn transaction) {
		return token().orElseThrow(() -> new NotLeaderException(this.role)).guard(transaction);
	}

	/**
	 * Give the leadership up and go to the end of the queue: handlers and methods finish,
	 * then another process leads, if one waits. Does nothing if this process does not
	 * lead.
	 * @return completes when another one may lead
	 */
	public CompletableFuture<Void> yield() {
		this.lock.lock();
		try {
			return (this.term != null || this.stepDown != null) ? stepDown() : CompletableFuture.completedFuture(null);
		}
		finally {
			this.lock.unlock();
		}
	}

	/**
	 * Leave the election for good, after handlers and methods have finished. Does not
	 * wait for that.
	 */
	@Override
	public void close() {
		leave(true);
	}

	/**
	 * Take part, or give up whatever there is and take part no more.
	 */
	CompletableFuture<Void> want(boolean wanted) {
		this.lock.lock();
		try {
			this.wanted = wanted && this.properties.isEnabled(this.role) && !this.closed;
			if (!this.wanted) {
				return (this.entered || this.stepDown != null) ? stepDown() : CompletableFuture.completedFuture(null);
			}
			if (!this.entered && this.stepDown == null) {
				this.entered = true;
				this.contender.enter();
			}
			return CompletableFuture.completedFuture(null);
		}
		finally {
			this.lock.unlock();
		}
	}

	CompletableFuture<Void> leave(boolean forGood) {
		this.lock.lock();
		try {
			this.closed = this.closed || forGood;
		}
		finally {
			this.lock.unlock();
		}
		CompletableFuture<Void> left = want(false);
		if (forGood) {
			left.whenComplete((done, failure) -> {
				this.onClose.run();
				this.handlers.execute(this.handlers::close);
			});
		}
		return left;
	}

	boolean waitsForReady() {
		return this.properties.waitsForReady(this.role);
	}

	/**
	 * Begin some work that only the leader does.
	 * @param onRevoked what becomes of it when the leadership ends
	 * @return to be closed when it is done; {@code null} if this process does not lead
	 */
	Term.@Nullable Run begin(OnRevoked onRevoked) {
		Term term = this.term;
		return (term != null) ? term.begin(interrupts(onRevoked) ? Thread.currentThread() : null) : null;
	}

	/**
	 * Begin some work that is not one thread's.
	 */
	Term.@Nullable Run beginChain() {
		Term term = this.term;
		return (term != null) ? term.begin(null) : null;
	}

	boolean interrupts(OnRevoked onRevoked) {
		return this.properties.interrupts(this.role, onRevoked);
	}

	/**
	 * What runs finishes first, then the key goes. With the lock.
	 */
	private CompletableFuture<Void> stepDown() {
		if (this.stepDown != null) {
			return this.stepDown;
		}
		CompletableFuture<Void> done = new CompletableFuture<>();
		this.stepDown = done;
		Term last = this.term;
		this.term = null;
		CompletableFuture<Void> quiet = CompletableFuture.completedFuture(null);
		if (last != null) {
			logger.info("No longer leader for '%s': handing over".formatted(this.role));
			last.end();
			tell();
			this.handlers.execute(last::told);
			quiet = last.finished()
				.orTimeout(this.properties.stepDownTimeout().toMillis(), TimeUnit.MILLISECONDS)
				.exceptionally((failure) -> {
					logger.warn("What the leader for '%s' does has not finished within %s: handing over all the same"
						.formatted(this.role, this.properties.stepDownTimeout()));
					return null;
				});
		}
		quiet.thenCompose((finished) -> this.contender.leave()).whenComplete((left, failure) -> {
			steppedDown();
			done.complete(null);
		});
		return done;
	}

	private void steppedDown() {
		this.lock.lock();
		try {
			this.stepDown = null;
			this.entered = false;
			if (this.wanted) {
				want(true);
			}
		}
		finally {
			this.lock.unlock();
		}
	}

	/**
	 * Bring the handlers up to date: what came and went meanwhile they do not hear of.
	 */
	private void tell() {
		if (this.toTell.compareAndSet(false, true)) {
			this.handlers.execute(() -> {
				this.toTell.set(false);
				tellNow();
			});
		}
	}

	private void tellNow() {
		Term last = this.told;
		Term now = this.term;
		if (last != null && last != now) {
			this.told = null;
			this.onRevoked.forEach((handler) -> guarded(() -> handler.accept(last.token())));
			this.listeners.forEach((listener) -> guarded(() -> listener.revoked(this, last.token())));
		}
		if (now != null && now != last && now.isCurrent()) {
			this.told = now;
			run(now, () -> {
				this.listeners.forEach((listener) -> guarded(() -> listener.granted(this, now.token())));
				this.onGranted.forEach((handler) -> guarded(() -> handler.accept(now.token())));
			});
		}
	}

	private void run(Term term, Runnable work) {
		try (Term.Run run = term.begin(interrupts(OnRevoked.AS_CONFIGURED) ? Thread.currentThread() : null)) {
			// What has ended meanwhile is told of all the same, since its end will be
			work.run();
		}
	}

	private void guarded(Runnable handler) {
		try {
			handler.run();
		}
		catch (RuntimeException | Error ex) {
			logger.error("A handler of the leadership for '%s' failed".formatted(this.role), ex);
		}
	}

	private final class ContenderListener implements Contender.Listener {

		@Override
		public void granted(Tenure tenure) {
			Leadership.this.lock.lock();
			try {
				if (Leadership.this.stepDown != null) {
					return;
				}
				Leadership.this.term = new Term(tenure, Leadership.this.clock.instant());
			}
			finally {
				Leadership.this.lock.unlock();
			}
			logger.info("Leader for '%s' with fencing token %d under lease %x".formatted(Leadership.this.role,
					tenure.token(), tenure.leaseId()));
			tell();
		}

		@Override
		public void ended(Tenure tenure) {
			Term last;
			Leadership.this.lock.lock();
			try {
				last = Leadership.this.term;
				if (last == null || last.tenure() != tenure) {
					return;
				}
				Leadership.this.term = null;
			}
			finally {
				Leadership.this.lock.unlock();
			}
			Tenure.End end = tenure.end();
			logger.warn("No longer leader for '%s': %s".formatted(Leadership.this.role,
					(end != null) ? end.reason() : "it has ended"));
			last.end();
			tell();
		}

	}

}
