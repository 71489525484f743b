package io.github.etcddiscovery.coordination.leader;

import java.time.Clock;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.ReentrantLock;
import java.util.function.BooleanSupplier;
import java.util.function.Consumer;

import io.etcd.jetcd.Txn;
import io.github.etcddiscovery.coordination.Coordination;
import io.github.etcddiscovery.coordination.FencingToken;
import io.github.etcddiscovery.lease.Contender;
import io.github.etcddiscovery.lease.Tenure;
import org.apache.commons.logging.Log;
import org.apache.commons.logging.LogFactory;
import org.jspecify.annotations.Nullable;

import org.springframework.util.function.ThrowingConsumer;

/**
 * The part of this process in the election of a role: it waits in the queue, leads, and
 * waits again after losing the leadership, until it is closed. Handlers are called one at
 * a time on a thread of the role. Safe for use by any thread.
 */
public final class Leadership implements AutoCloseable {

	private static final Log logger = LogFactory.getLog(Leadership.class);

	private final String role;

	private final LeaderProperties properties;

	private final Clock clock;

	private final BooleanSupplier mayCampaign;

	private final CompletableFuture<Void> former;

	private final LeadershipHandlers handlers;

	private final Contender contender;

	private final CompletableFuture<Void> left = new CompletableFuture<>();

	/**
	 * Guards the fields below and the decisions that depend on them.
	 */
	private final ReentrantLock lock = new ReentrantLock();

	private boolean entered;

	private boolean closed;

	private @Nullable CompletableFuture<Void> stepDown;

	private volatile @Nullable Term term;

	/**
	 * Create a leadership, which does not campaign before its first {@link #update()}.
	 * @param role the role
	 * @param coordination the queues
	 * @param properties how this process takes part
	 * @param clock tells when a term began
	 * @param listeners are called for each term
	 * @param mayCampaign whether to campaign now
	 * @param former completes when the previous leadership of this process for the role
	 * has left the queue
	 */
	Leadership(String role, Coordination coordination, LeaderProperties properties, Clock clock,
			List<LeadershipListener> listeners, BooleanSupplier mayCampaign, CompletableFuture<Void> former) {
		this.role = role;
		this.properties = properties;
		this.clock = clock;
		this.mayCampaign = mayCampaign;
		this.former = former;
		this.handlers = new LeadershipHandlers(this, listeners);
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
	 * Whether this process leads now. Each call computes it from the monotonic clock and
	 * the last answered renewal of the lease, with a margin. No two processes lead at the
	 * same time. A process that is paused between this call and what it does next may
	 * still act too late; a store that checks the {@link #fencingToken()} rejects that.
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
	 * How long this process leads from now on if it can no longer renew its lease.
	 * @return the duration; zero if it does not lead
	 */
	public Duration validFor() {
		Term term = this.term;
		return (term != null) ? term.validFor() : Duration.ZERO;
	}

	/**
	 * When this process began to lead.
	 * @return the time by the wall clock; empty if it does not lead
	 */
	public Optional<Instant> since() {
		Term term = this.term;
		return (term != null && term.isCurrent()) ? Optional.of(term.since()) : Optional.empty();
	}

	/**
	 * The state of this process in the queue.
	 * @return the state
	 */
	public Contender.State state() {
		return this.contender.state();
	}

	/**
	 * Add a handler that is called whenever this process begins to lead, and now if it
	 * leads already. The handler may block. It is interrupted when the leadership ends if
	 * {@code spring.cloud.etcd.leader.on-revoke} is {@code interrupt}.
	 * @param handler is given the token
	 * @return this
	 */
	public Leadership onGranted(Consumer<FencingToken> handler) {
		this.handlers.onGranted(handler);
		return this;
	}

	/**
	 * Add a handler that is called whenever the leadership has ended. When this process
	 * steps down, no other process leads before the handlers have returned or
	 * {@code spring.cloud.etcd.leader.step-down-timeout} is over.
	 * @param handler is given the token of the leadership
	 * @return this
	 */
	public Leadership onRevoked(Consumer<FencingToken> handler) {
		this.handlers.onRevoked(handler);
		return this;
	}

	/**
	 * Run work in the calling thread, if this process leads. This process does not step
	 * down before the work has finished or
	 * {@code spring.cloud.etcd.leader.step-down-timeout} is over.
	 * @param onRevoked what happens to the work when the leadership ends meanwhile
	 * @param work is given the token
	 * @return whether this process led when it began
	 * @throws Exception the exception of the work
	 */
	public boolean run(OnRevoked onRevoked, ThrowingConsumer<FencingToken> work) throws Exception {
		Term.Run run = begin(onRevoked);
		if (run == null) {
			return false;
		}
		try (run) {
			run.token().call(() -> {
				work.acceptWithException(run.token());
				return true;
			});
		}
		return true;
	}

	/**
	 * Add the condition that this process still leads to a transaction of the application
	 * on the same etcd. This does not depend on any clock.
	 * @param transaction the transaction, to which nothing but conditions was added yet
	 * @return the same transaction
	 * @throws NotLeaderException if this process does not lead
	 */
	public Txn guard(Txn transaction) {
		return token().orElseThrow(() -> new NotLeaderException(this.role)).guard(transaction);
	}

	/**
	 * Give up the leadership and go to the end of the queue: handlers and methods finish,
	 * then another process leads, if one waits. Does nothing if this process does not
	 * lead.
	 * @return completes when another process may lead
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
	 * Leave the election for good after handlers and methods have finished. Does not wait
	 * for them.
	 */
	@Override
	public void close() {
		this.lock.lock();
		try {
			if (this.closed) {
				return;
			}
			this.closed = true;
		}
		finally {
			this.lock.unlock();
		}
		update().thenCompose((done) -> this.contender.whenOut())
			.thenCompose((out) -> this.former)
			.thenRun(() -> this.left.complete(null));
		this.handlers.close();
	}

	boolean isClosed() {
		this.lock.lock();
		try {
			return this.closed;
		}
		finally {
			this.lock.unlock();
		}
	}

	/**
	 * Completes when this leadership is closed and its key deleted.
	 */
	CompletableFuture<Void> left() {
		return this.left;
	}

	/**
	 * Enter or leave the queue, whichever is right now.
	 * @return completes when another process may lead, if this one leaves
	 */
	CompletableFuture<Void> update() {
		this.lock.lock();
		try {
			if (!isWanted()) {
				return (this.entered || this.stepDown != null) ? stepDown() : CompletableFuture.completedFuture(null);
			}
			if (!this.former.isDone()) {
				this.former.thenRun(this::update);
			}
			else if (!this.entered && this.stepDown == null) {
				this.entered = true;
				this.contender.enter();
			}
			return CompletableFuture.completedFuture(null);
		}
		finally {
			this.lock.unlock();
		}
	}

	private boolean isWanted() {
		return !this.closed && this.properties.isEnabled(this.role) && this.mayCampaign.getAsBoolean();
	}

	/**
	 * Begin work that only the leader does.
	 * @param onRevoked what happens to the calling thread when the leadership ends
	 * @return to be closed when the work has finished; {@code null} if this process does
	 * not lead
	 */
	Term.@Nullable Run begin(OnRevoked onRevoked) {
		Term term = this.term;
		return (term != null) ? term.begin(interrupts(onRevoked)) : null;
	}

	boolean interrupts(OnRevoked onRevoked) {
		return this.properties.interrupts(this.role, onRevoked);
	}

	/**
	 * The present term, which may have ended a moment ago.
	 */
	@Nullable Term term() {
		return this.term;
	}

	/**
	 * Running work finishes first, then the key is deleted. With the lock.
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
			this.handlers.tell();
			this.handlers.afterwards(last::told);
			quiet = last.finished()
				.orTimeout(this.properties.stepDownTimeout().toMillis(), TimeUnit.MILLISECONDS)
				.exceptionally((failure) -> {
					logger.warn("The work of the leader for '%s' has not finished within %s: handing over anyway"
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
			update();
		}
		finally {
			this.lock.unlock();
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
			Leadership.this.handlers.tell();
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
			Leadership.this.handlers.tell();
		}

	}

}
