package io.github.etcddiscovery.lease;

import java.time.Duration;
import java.util.EnumSet;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.Future;
import java.util.function.Consumer;
import java.util.stream.Collectors;

import io.github.etcddiscovery.core.EtcdAccessException;
import io.github.etcddiscovery.core.EtcdAccessException.Kind;
import io.github.etcddiscovery.core.EventLoop;
import io.github.etcddiscovery.core.Monitor;
import io.github.etcddiscovery.core.Monitor.Operation;
import io.github.etcddiscovery.core.RetryDelays;
import io.github.etcddiscovery.lease.LeaseStatus.State;
import org.apache.commons.logging.Log;
import org.apache.commons.logging.LogFactory;
import org.jspecify.annotations.Nullable;

/**
 * The one lease of this process, which its tenants share: registration, leadership and
 * locks end together. What it guarantees:
 * <ul>
 * <li>From the first {@link Tenant#open()} to the last {@link Tenant#giveUp} it never
 * gives up: each failure leads to another try, after a delay with jitter.
 * <li>One renewal is under way at a time, sent every third of the time to live, by a
 * monotonic clock.
 * <li>Only etcd's word that the lease has ended leads to a new one: a lease that could
 * not be renewed for its whole time may live on, since etcd gives leases their full time
 * again when it restarts.
 * <li>Once the lease was not renewed for its whole time it does not count as held, before
 * anything else is done.
 * <li>An answer that belongs to an earlier lease changes nothing.
 * <li>A lease that is granted after it is no longer wanted is revoked.
 * </ul>
 * Confined to the loop, but for what says otherwise. Its states are {@link State}.
 */
public final class ProcessLease {

	private static final Log logger = LogFactory.getLog(ProcessLease.class);

	/**
	 * Former leases are remembered, since a store that was restored may hold keys under
	 * them; but not for ever.
	 */
	private static final int MAX_OWN_LEASES = 100;

	private static final Duration SHORTEST_DELAY = Duration.ofMillis(200);

	private static final Duration LONGEST_DELAY = Duration.ofSeconds(5);

	private final LeaseStore store;

	private final EventLoop loop;

	private final Duration ttl;

	private final Monitor monitor;

	/**
	 * Joined from any thread.
	 */
	private final List<Tenant> tenants = new CopyOnWriteArrayList<>();

	private final RetryDelays delays;

	private final Set<Long> ownLeases = new LinkedHashSet<>();

	/**
	 * What has gone wrong since the last renewal: each kind is worth one line in the log.
	 */
	private final Set<Kind> troubles = EnumSet.noneOf(Kind.class);

	private long attempt;

	private boolean renewing;

	private @Nullable Future<?> timer;

	private volatile Lease lease = new Lease(State.IDLE, 0, 0);

	/**
	 * Create a lease that is not asked for before a tenant opens it.
	 * @param store etcd
	 * @param loop the loop that owns the state; not closed here
	 * @param ttl its time to live
	 * @param monitor is told of renewals
	 */
	public ProcessLease(LeaseStore store, EventLoop loop, Duration ttl, Monitor monitor) {
		this.store = store;
		this.loop = loop;
		this.ttl = ttl;
		this.monitor = monitor;
		this.delays = newDelays();
	}

	/**
	 * Become a tenant, who does not want the lease yet. From any thread.
	 * @param listener is told what becomes of the lease, on the loop
	 * @return the tenant
	 */
	public Tenant join(Listener listener) {
		Tenant tenant = new Tenant(listener);
		this.tenants.add(tenant);
		return tenant;
	}

	private void tell(Consumer<Listener> news) {
		this.tenants.forEach((tenant) -> news.accept(tenant.listener));
	}

	/**
	 * Delays that grow up to a third of the time to live.
	 */
	RetryDelays newDelays() {
		Duration third = this.ttl.dividedBy(3);
		return new RetryDelays((third.compareTo(LONGEST_DELAY) < 0) ? third : LONGEST_DELAY);
	}

	private void open() {
		if (this.lease.state() == State.IDLE) {
			transitionTo(State.GRANTING);
			grant();
		}
	}

	private void grant() {
		long attempt = ++this.attempt;
		long sentAt = this.loop.nanoTime();
		this.loop.handle(this.store.grant(this.ttl), (granted, failure) -> {
			if (attempt != this.attempt) {
				if (granted != null) {
					this.store.revoke(granted);
				}
			}
			else if (granted != null) {
				remember(granted);
				this.lease = new Lease(this.lease.state(), granted, sentAt);
				renewed();
			}
			else {
				failed(failure);
				tell((listener) -> listener.refused(failure));
				this.timer = this.loop.schedule(this::grant, this.delays.after(failure.getKind()));
			}
		});
	}

	private void remember(long leaseId) {
		this.ownLeases.add(leaseId);
		if (this.ownLeases.size() > MAX_OWN_LEASES) {
			this.ownLeases.remove(this.ownLeases.iterator().next());
		}
	}

	/**
	 * Renew now, unless a renewal is under way.
	 */
	void renew() {
		if (this.renewing || this.lease.id() == 0) {
			return;
		}
		this.renewing = true;
		cancelTimer();
		noticeExpiry();
		long attempt = this.attempt;
		long sentAt = this.loop.nanoTime();
		Monitor.Ending ending = this.monitor.begin(Operation.RENEW, Long.toHexString(this.lease.id()));
		this.loop.handle(this.store.renew(this.lease.id()), (renewed, failure) -> {
			this.renewing = false;
			ending.ended(failure);
			if (attempt != this.attempt) {
				renew();
			}
			else if (failure == null) {
				this.lease = new Lease(this.lease.state(), this.lease.id(), sentAt);
				renewed();
			}
			else if (failure.getKind() == Kind.LEASE_NOT_FOUND) {
				ended();
			}
			else {
				failed(failure);
				this.timer = this.loop.schedule(this::renew, renewalDelay(failure.getKind()));
			}
		});
	}

	/**
	 * While the lease may still live there is no time for long delays: several tries fit
	 * into what remains of it. That does not help against refused credentials.
	 */
	private Duration renewalDelay(Kind kind) {
		Duration delay = this.delays.after(kind);
		Duration limit = status().remaining().dividedBy(4);
		if (kind.isRefusal() || limit.isZero() || limit.compareTo(delay) >= 0) {
			return delay;
		}
		return (limit.compareTo(SHORTEST_DELAY) > 0) ? limit : SHORTEST_DELAY;
	}

	private void renewed() {
		if (!this.troubles.isEmpty()) {
			logger.info("Reached etcd again; lease %x".formatted(this.lease.id()));
			this.troubles.clear();
		}
		this.delays.reset();
		if (this.lease.state() != State.ALIVE) {
			transitionTo(State.ALIVE);
			tell(Listener::alive);
		}
		cancelTimer();
		Duration next = this.ttl.dividedBy(3).minusNanos(this.loop.nanoTime() - this.lease.renewedAt());
		this.timer = this.loop.schedule(this::renew, next.isNegative() ? Duration.ZERO : next);
		tell(Listener::renewed);
	}

	private void failed(EtcdAccessException failure) {
		if (this.troubles.add(failure.getKind())) {
			String what = (this.lease.id() == 0) ? "Cannot %s yet".formatted(purposes())
					: "Cannot renew lease %x".formatted(this.lease.id());
			logger.warn("%s: %s. Retrying".formatted(what, failure.describe()));
		}
		else if (logger.isDebugEnabled()) {
			logger.debug("Still no lease renewed: " + failure.getMessage());
		}
		noticeExpiry();
	}

	/**
	 * What the lease is wanted for, for people.
	 */
	private String purposes() {
		return this.tenants.stream()
			.filter((tenant) -> tenant.wanting)
			.map((tenant) -> tenant.listener.purpose())
			.collect(Collectors.joining(" or "));
	}

	/**
	 * Do not count as held any more what was not renewed for its whole time.
	 */
	void noticeExpiry() {
		if (this.lease.state() == State.ALIVE && status().remaining().isZero()) {
			transitionTo(State.RECOVERING);
			String reason = "the lease was not renewed for %s".formatted(this.ttl);
			tell((listener) -> listener.lost(LossCause.NOT_RENEWED, reason));
		}
	}

	private void ended() {
		long ended = this.lease.id();
		logger.warn("Lease %x has ended; registering again".formatted(ended));
		this.lease = new Lease(this.lease.state(), 0, 0);
		transitionTo(State.RECOVERING);
		String reason = "lease %x has ended".formatted(ended);
		tell((listener) -> listener.lost(LossCause.LEASE_ENDED, reason));
		cancelTimer();
		grant();
	}

	private CompletableFuture<Void> revoke(State next) {
		this.attempt++;
		cancelTimer();
		long leaseId = this.lease.id();
		this.lease = new Lease(this.lease.state(), 0, 0);
		transitionTo(next);
		this.troubles.clear();
		return (leaseId != 0) ? this.store.revoke(leaseId) : CompletableFuture.completedFuture(null);
	}

	private void cancelTimer() {
		if (this.timer != null) {
			this.timer.cancel(false);
		}
	}

	private void transitionTo(State next) {
		this.loop.assertInLoop();
		Lease last = this.lease;
		if (last.state() != next) {
			logger.debug("Lease %x: %s -> %s".formatted(last.id(), last.state(), next));
			this.lease = new Lease(next, last.id(), last.renewedAt());
		}
	}

	/**
	 * The lease now. From any thread.
	 * @return the status
	 */
	public LeaseStatus status() {
		Lease lease = this.lease;
		Duration remaining = Duration.ZERO;
		if (lease.id() != 0) {
			Duration rest = this.ttl.minusNanos(this.loop.nanoTime() - lease.renewedAt());
			remaining = rest.isNegative() ? Duration.ZERO : rest;
		}
		return new LeaseStatus(lease.state(), lease.id(), remaining);
	}

	/**
	 * How long the lease lives on from now without another renewal, if it is still that
	 * one, less a margin for clocks that do not run at the same rate. From any thread.
	 * @param leaseId the lease
	 * @param margin the margin
	 * @return the time; zero when it must be supposed to have ended
	 */
	Duration remaining(long leaseId, Duration margin) {
		Lease lease = this.lease;
		if (leaseId == 0 || lease.id() != leaseId) {
			return Duration.ZERO;
		}
		long rest = this.ttl.toNanos() - margin.toNanos() - (this.loop.nanoTime() - lease.renewedAt());
		return (rest > 0) ? Duration.ofNanos(rest) : Duration.ZERO;
	}

	/**
	 * Its time to live.
	 * @return whole seconds
	 */
	public Duration ttl() {
		return this.ttl;
	}

	/**
	 * The loop that owns the state, which tenants share.
	 * @return the loop
	 */
	public EventLoop loop() {
		return this.loop;
	}

	/**
	 * The id, or 0 while there is none.
	 */
	long id() {
		return this.lease.id();
	}

	/**
	 * Whether the lease lives, as far as is known.
	 */
	boolean isAlive() {
		return this.lease.state() == State.ALIVE;
	}

	/**
	 * Whether a lease is, or was, that of this process.
	 */
	boolean isOurs(long leaseId) {
		return this.ownLeases.contains(leaseId);
	}

	/**
	 * Somebody who has keys under the lease. Confined to the loop.
	 */
	public final class Tenant {

		private final Listener listener;

		private boolean wanting;

		private boolean closed;

		private Tenant(Listener listener) {
			this.listener = listener;
		}

		/**
		 * See to it that there is a lease. Does nothing while there is one, or one is
		 * being asked for.
		 */
		public void open() {
			ProcessLease.this.loop.assertInLoop();
			this.wanting = true;
			ProcessLease.this.open();
		}

		/**
		 * Whether nobody else wants the lease, so that giving it up revokes it.
		 * @return {@code false} if another tenant wants it
		 */
		public boolean isAlone() {
			return ProcessLease.this.tenants.stream().noneMatch((other) -> other != this && other.wanting);
		}

		/**
		 * Want the lease no more. It is revoked, which deletes all keys that are attached
		 * to it, unless another tenant wants it: then this one has to delete its keys
		 * itself.
		 * @param next {@link State#IDLE} if it may be opened again, {@link State#CLOSED}
		 * if not
		 * @return completes when it is revoked, or at once when there is nothing to
		 * revoke
		 */
		public CompletableFuture<Void> giveUp(State next) {
			ProcessLease.this.loop.assertInLoop();
			this.wanting = false;
			this.closed = this.closed || next == State.CLOSED;
			if (!isAlone()) {
				return CompletableFuture.completedFuture(null);
			}
			boolean allClosed = ProcessLease.this.tenants.stream().allMatch((tenant) -> tenant.closed);
			return revoke(allClosed ? State.CLOSED : State.IDLE);
		}

		boolean isClosed() {
			return this.closed;
		}

	}

	/**
	 * Is told, on the loop, what becomes of the lease.
	 */
	public interface Listener {

		/**
		 * What the tenant wants the lease for, in the words of "cannot … yet".
		 * @return a verb
		 */
		String purpose();

		/**
		 * It is there: keys can be written under it.
		 */
		void alive();

		/**
		 * It was renewed, or granted just now.
		 */
		default void renewed() {
		}

		/**
		 * It has ended, or must be supposed to have, and with it the keys under it.
		 * @param cause why
		 * @param reason why, for people
		 */
		void lost(LossCause cause, String reason);

		/**
		 * It was not granted. It is asked for again.
		 * @param failure why
		 */
		void refused(EtcdAccessException failure);

	}

	private record Lease(State state, long id, long renewedAt) {
	}

}
