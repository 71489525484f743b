package io.github.etcddiscovery.lease;

import java.time.Duration;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.function.Consumer;
import java.util.function.Function;

import io.github.etcddiscovery.core.EtcdAccessException;
import io.github.etcddiscovery.core.EventLoop;
import io.github.etcddiscovery.core.Outcomes;
import io.github.etcddiscovery.core.RetryDelays;
import io.github.etcddiscovery.lease.LeaseStatus.State;
import io.github.etcddiscovery.watch.KeyRange;
import io.github.etcddiscovery.watch.ListerWatcher;
import io.github.etcddiscovery.watch.Reflector;
import io.github.etcddiscovery.watch.SnapshotListener;

/**
 * The places of this process in queues of keys, all under its lease: see
 * {@link Contender}. The queues are a tenant of the lease from the first place until they
 * are closed. Safe for use by any thread.
 */
public final class LeasedQueues {

	private final QueueStore store;

	private final Function<KeyRange, ListerWatcher> watches;

	private final ProcessLease lease;

	private final ProcessLease.Tenant tenant;

	private final Duration margin;

	private final EventLoop watchdog;

	private final Duration requestTimeout;

	/**
	 * Confined to the loop.
	 */
	private final Set<Contender> contenders = new LinkedHashSet<>();

	/**
	 * Create the queues of a process. Nothing is requested from etcd before the first
	 * place.
	 * @param store reads and writes keys
	 * @param watches makes the watch of a key
	 * @param lease the lease to attach the keys to, whose loop owns the state
	 * @param margin how long a tenure ends before the lease can
	 * @param watchdog announces the end of each tenure; its clock must run at the same
	 * rate as the lease's. Not closed here
	 * @param requestTimeout how long a request may take
	 */
	public LeasedQueues(QueueStore store, Function<KeyRange, ListerWatcher> watches, ProcessLease lease,
			Duration margin, EventLoop watchdog, Duration requestTimeout) {
		this.store = store;
		this.watches = watches;
		this.lease = lease;
		this.margin = margin;
		this.watchdog = watchdog;
		this.requestTimeout = requestTimeout;
		this.tenant = lease.join(new LeaseListener());
	}

	/**
	 * Create a contender that has not entered its queue yet. A process has at most one
	 * place in a queue, since its key is named after the lease.
	 * @param queue the prefix of the keys, with its trailing slash
	 * @param value the value of the key
	 * @param listener is told when its place changes
	 * @return the contender
	 */
	public Contender contender(String queue, String value, Contender.Listener listener) {
		return new Contender(queue, value, this, this.lease, this.store, listener);
	}

	/**
	 * Leave all queues, for good.
	 * @return completes when the keys are gone; fails when etcd could not be reached, in
	 * which case they are deleted when the lease ends
	 */
	public CompletableFuture<Void> close() {
		CompletableFuture<Void> closed = new CompletableFuture<>();
		this.lease.loop().execute(() -> {
			List<Contender> all = List.copyOf(this.contenders);
			if (this.tenant.isAlone()) {
				all.forEach(Contender::revoked);
				this.tenant.giveUp(State.CLOSED).whenComplete(Outcomes.into(closed));
			}
			else {
				this.tenant.giveUp(State.CLOSED);
				CompletableFuture.allOf(all.stream().map(Contender::leave).toArray(CompletableFuture[]::new))
					.whenComplete(Outcomes.into(closed));
			}
		});
		return closed;
	}

	/**
	 * Whether a contender may enter.
	 */
	boolean admit(Contender contender) {
		if (this.tenant.isClosed()) {
			return false;
		}
		this.contenders.add(contender);
		this.tenant.open();
		return true;
	}

	void dismiss(Contender contender) {
		this.contenders.remove(contender);
	}

	Tenure tenure(String key, long token, long leaseId, Consumer<Tenure> onEnd) {
		return new Tenure(key, token, leaseId, this.lease, this.margin, this.watchdog, onEnd);
	}

	/**
	 * How long a tenure under a lease could last from now on.
	 */
	Duration remaining(long leaseId) {
		return this.lease.remaining(leaseId, this.margin);
	}

	Reflector reflector(KeyRange range, RetryDelays delays, SnapshotListener listener) {
		return new Reflector(range, this.watches.apply(range), this.lease.loop(), delays, this.requestTimeout,
				listener);
	}

	Duration requestTimeout() {
		return this.requestTimeout;
	}

	private final class LeaseListener implements ProcessLease.Listener {

		@Override
		public String purpose() {
			return "lead or lock";
		}

		@Override
		public void alive() {
			all().forEach(Contender::leaseAlive);
		}

		@Override
		public void renewed() {
			all().forEach(Contender::leaseRenewed);
		}

		@Override
		public void lost(LossCause cause, String reason) {
			all().forEach((contender) -> contender.leaseLost(cause, reason));
		}

		@Override
		public void refused(EtcdAccessException failure) {
			// The lease logs the refusal itself, and retries
		}

		private List<Contender> all() {
			return List.copyOf(LeasedQueues.this.contenders);
		}

	}

}
