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
 * locks end together. The lease guarantees:
 * <ul>
 * <li>From the first {@link Tenant#prepare()} or {@link Tenant#open()} to the last
 * {@link Tenant#giveUp} every failure is retried, after a delay with jitter.
 * <li>One renewal is under way at a time. Renewals are a third of the time to live apart,
 * on a monotonic clock.
 * <li>A new lease is granted only after etcd has said that the old one ended. A lease
 * that could not be renewed for its whole time to live may still exist, since etcd gives
 * leases their full time again when it restarts.
 * <li>A lease that was not renewed for its whole time to live does not count as alive.
 * That is noticed before anything else is done.
 * <li>An answer that belongs to an earlier lease has no effect.
 * <li>A lease that is granted when it is no longer wanted is revoked.
 * </ul>
 * Confined to the loop, except for methods documented as "from any thread". The states
 * are those of {@link State}.
 */
public final class ProcessLease {

	private static final Log logger = LogFactory.getLog(ProcessLease.class);

	/**
	 * How many former leases are remembered: a restored store may contain keys under
	 * them.
	 */
	private static final int MAX_OWN_LEASES = 100;

	private static final Duration SHORTEST_DELAY = Duration.ofMillis(200);

	private static final Duration LONGEST_DELAY = Duration.ofSeconds(5);

	private final LeaseStore store;

	private final EventLoop loop;

	private final Duration ttl;

	private final Monitor monitor;

	/**
	 * Tenants join from any thread.
	 */
	private final List<Tenant> tenants = new CopyOnWriteArrayList<>();

	private final RetryDelays delays;

	private final Set<Long> ownLeases = new LinkedHashSet<>();

	/**
	 * The kinds of failure since the last renewal. Each kind is logged once.
	 */
	private final Set<Kind> troubles = EnumSet.noneOf(Kind.class);

	private long attempt;

	private boolean granting;

	private boolean renewing;

	private @Nullable Future<?> timer;

	private volatile Lease lease = new Lease(State.IDLE, 0, 0);

	/**
	 * Create a lease, which is requested once a tenant opens it.
	 * @param store grants, renews and revokes it
	 * @param loop the loop that owns the state; not closed here
	 * @param ttl the time to live, in whole seconds
	 * @param monitor measures renewals
	 */
	public ProcessLease(LeaseStore store, EventLoop loop, Duration ttl, Monitor monitor) {
		this.store = store;
		this.loop = loop;
		this.ttl = ttl;
		this.monitor = monitor;
		this.delays = newDelays();
	}

	/**
	 * Add a tenant, which does not want the lease yet. From any thread.
	 * @param listener is told of changes of the lease, on the loop
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

	/**
	 * Grant now, rather than after the delay that follows a failure.
	 */
	private void hasten() {
		if (this.lease.state() == State.GRANTING && !this.granting) {
			cancelTimer();
			grant();
		}
	}

	private void grant() {
		long attempt = ++this.attempt;
		long sentAt = this.loop.nanoTime();
		this.granting = true;
		this.loop.handle(this.store.grant(this.ttl), (granted, failure) -> {
			if (attempt != this.attempt) {
				if (granted != null) {
					this.store.revoke(granted);
				}
				return;
			}
			this.granting = false;
			if (granted != null) {
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
	 * While the lease may still be alive, delays are cut so that several retries fit into
	 * its remaining time. A refusal keeps its long delay, since retrying does not help.
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
		this.granting = false;
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
	 * The current status of the lease. From any thread.
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
	 * How long a lease is certain to live without another renewal. From any thread.
	 * @param leaseId the id of the lease
	 * @param margin the safety margin for clocks that run at different rates, subtracted
	 * from the result
	 * @return the time; zero when the lease must be presumed ended, or is not the current
	 * one
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
	 * The time to live of the lease.
	 * @return whole seconds
	 */
	public Duration ttl() {
		return this.ttl;
	}

	/**
	 * The loop that owns the state of the lease and its tenants.
	 * @return the loop, which the caller must not close
	 */
	public EventLoop loop() {
		return this.loop;
	}

	/**
	 * The id of the lease, or 0 while there is none.
	 */
	long id() {
		return this.lease.id();
	}

	/**
	 * Whether etcd has the lease, as far as this process can know.
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
	 * A part of this process that has keys under the lease. Confined to the loop.
	 */
	public final class Tenant {

		private final Listener listener;

		private boolean wanting;

		/**
		 * Whether the lease is wanted only because it will be needed soon.
		 */
		private boolean preparing;

		private boolean closed;

		private Tenant(Listener listener) {
			this.listener = listener;
		}

		/**
		 * Request a lease that will be needed soon, so that nothing has to wait for it
		 * then. It is kept like any other until this tenant gives it up.
		 */
		public void prepare() {
			ProcessLease.this.loop.assertInLoop();
			if (!this.wanting) {
				this.wanting = true;
				this.preparing = true;
				ProcessLease.this.open();
			}
		}

		/**
		 * Make sure that there is a lease. Has no effect while there is one, or one has
		 * been requested. One that was to be prepared, which has failed so far, is
		 * requested again at once.
		 */
		public void open() {
			ProcessLease.this.loop.assertInLoop();
			this.wanting = true;
			if (this.preparing) {
				this.preparing = false;
				hasten();
			}
			ProcessLease.this.open();
		}

		/**
		 * Whether no other tenant wants the lease, so that giving it up revokes it.
		 * @return {@code false} if another tenant wants the lease
		 */
		public boolean isAlone() {
			return ProcessLease.this.tenants.stream().noneMatch((other) -> other != this && other.wanting);
		}

		/**
		 * Give the lease up. It is revoked, which deletes all keys attached to it, unless
		 * another tenant wants it; this tenant must then delete its own keys.
		 * @param next {@link State#IDLE} if this tenant may open the lease again,
		 * {@link State#CLOSED} if not
		 * @return completes when the lease is revoked, or at once when there is nothing
		 * to revoke
		 */
		public CompletableFuture<Void> giveUp(State next) {
			ProcessLease.this.loop.assertInLoop();
			this.wanting = false;
			this.preparing = false;
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
	 * Is told of changes of the lease, on the loop.
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
		 * The lease was renewed or has just been granted.
		 */
		default void renewed() {
		}

		/**
		 * The lease and the keys under it are gone, or must be presumed gone.
		 * @param cause why the lease ended
		 * @param reason the same as a sentence for people
		 */
		void lost(LossCause cause, String reason);

		/**
		 * The lease was not granted. The request is retried.
		 * @param failure why etcd did not grant it
		 */
		void refused(EtcdAccessException failure);

	}

	private record Lease(State state, long id, long renewedAt) {
	}

}
