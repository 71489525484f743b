package io.github.etcddiscovery.lease;

import java.util.ArrayList;
import java.util.EnumSet;
import java.util.List;
import java.util.Objects;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.CompletableFuture;

import io.github.etcddiscovery.core.EtcdAccessException;
import io.github.etcddiscovery.core.EtcdAccessException.Kind;
import io.github.etcddiscovery.core.EventLoop;
import io.github.etcddiscovery.core.Outcomes;
import io.github.etcddiscovery.lease.QueueStore.Place;
import io.github.etcddiscovery.lease.Tenure.Cause;
import io.github.etcddiscovery.watch.Entry;
import io.github.etcddiscovery.watch.KeyRange;
import io.github.etcddiscovery.watch.Reflector;
import org.apache.commons.logging.Log;
import org.apache.commons.logging.LogFactory;
import org.jspecify.annotations.Nullable;

/**
 * The place of this process in a queue of keys, under its lease. The key that was created
 * first is the head of the queue. The keys are those of the {@code concurrency} package
 * of etcd's Go client, so Go programs and {@code etcdctl} can join the same queue. A
 * contender guarantees:
 * <ul>
 * <li>From {@link #enter()} to {@link #leave()} it never gives up: when its key is gone,
 * with or without the lease, it enters again, at the end of the queue.
 * <li>It is at the head only once etcd has confirmed, in one transaction, that its key
 * exists and none was created before it, and only while its {@link Tenure} is valid.
 * <li>While it waits, it watches only the key right before its own, so each departure
 * wakes one process. It notices that its own key was deleted when its turn comes, and at
 * the latest within a few times to live.
 * <li>The key that it leaves is deleted, with retries until it is gone or the lease has
 * ended, even if it is unknown whether the key was ever written. Only then can the
 * contender enter again.
 * </ul>
 * State is confined to the loop of the lease. The public methods can be called from any
 * thread.
 */
public final class Contender {

	private static final Log logger = LogFactory.getLog(Contender.class);

	/**
	 * After how many renewals a waiting contender looks for its own key. Renewals are a
	 * third of the time to live apart, so that is every minute by default.
	 */
	private static final int RENEWALS_PER_LOOK = 12;

	private final String queue;

	private final String value;

	private final LeasedQueues queues;

	private final ProcessLease lease;

	private final QueueStore store;

	private final EventLoop loop;

	private final Turn turn;

	private final Listener listener;

	/**
	 * The kinds of failure since the last answer. Each kind is logged once.
	 */
	private final Set<Kind> troubles = EnumSet.noneOf(Kind.class);

	private final List<CompletableFuture<Boolean>> leaving = new ArrayList<>();

	private final List<CompletableFuture<Void>> out = new ArrayList<>();

	private boolean wanted;

	/**
	 * The key that may exist in etcd, or {@code null} if there is none.
	 */
	private @Nullable String key;

	/**
	 * The revision at which the key was created, or 0 if that is unknown.
	 */
	private long createRevision;

	/**
	 * Whether etcd may still carry out a write of unknown outcome.
	 */
	private boolean unsettled;

	/**
	 * Whether it was tried to delete the key.
	 */
	private boolean deleting;

	private int renewals;

	private @Nullable Watched watched;

	private @Nullable Tenure tenure;

	private volatile State state = State.OUT;

	Contender(String queue, String value, LeasedQueues queues, ProcessLease lease, QueueStore store,
			Listener listener) {
		this.queue = queue;
		this.value = value;
		this.queues = queues;
		this.lease = lease;
		this.store = store;
		this.loop = lease.loop();
		this.listener = listener;
		this.turn = new Turn(this.loop, lease.newDelays(), lease.ttl().toNanos() * 2, this::begin);
	}

	/**
	 * Enter the queue, at its end. Has no effect after an earlier call without
	 * {@link #leave()} in between.
	 */
	public void enter() {
		this.loop.execute(() -> {
			if (this.wanted || !this.queues.admit(this)) {
				return;
			}
			this.wanted = true;
			if (this.state == State.OUT) {
				transitionTo(State.ENTERING);
				this.turn.take();
			}
		});
	}

	/**
	 * Leave the queue. The tenure, if there is one, ends before the key is deleted.
	 * @return completes when the key is gone, with {@code false} if somebody else had
	 * deleted it before; fails when the first try failed: further tries follow all the
	 * same, and at the latest the key goes with the lease
	 */
	public CompletableFuture<Boolean> leave() {
		CompletableFuture<Boolean> left = new CompletableFuture<>();
		this.loop.execute(() -> {
			this.wanted = false;
			endTenure(Cause.RELEASED, "it was given up");
			watchNothing();
			if (this.state == State.OUT) {
				left.complete(true);
				return;
			}
			this.leaving.add(left);
			if (this.state != State.LEAVING) {
				transitionTo(State.LEAVING);
				this.turn.take();
			}
		});
		return left;
	}

	/**
	 * Completes when this contender is out of the queue, after {@link #leave()}: only
	 * then may another contender of this process enter the queue, since both have the
	 * same key.
	 * @return completes when the key is gone, without a deadline
	 */
	public CompletableFuture<Void> whenOut() {
		CompletableFuture<Void> future = new CompletableFuture<>();
		this.loop.execute(() -> {
			if (this.state == State.OUT) {
				future.complete(null);
			}
			else {
				this.out.add(future);
			}
		});
		return future;
	}

	/**
	 * The state of this contender. From any thread.
	 * @return the state
	 */
	public State state() {
		return this.state;
	}

	/**
	 * The lease was revoked, which deleted the key.
	 */
	void revoked() {
		this.wanted = false;
		endTenure(Cause.RELEASED, "it was given up");
		forget();
		if (this.state != State.OUT) {
			out();
		}
	}

	void leaseAlive() {
		if (this.wanted) {
			this.turn.take();
		}
	}

	/**
	 * The lease was renewed. An owner whose tenure ended because the renewal was late
	 * still has its key, and gets a new tenure. A waiting contender does not watch its
	 * own key, so it looks for it now and then.
	 */
	void leaseRenewed() {
		if (this.state == State.OWNER && (this.tenure == null || !this.tenure.isValid())) {
			this.turn.take();
		}
		else if (this.state == State.QUEUED && ++this.renewals % RENEWALS_PER_LOOK == 0) {
			this.turn.take();
		}
	}

	void leaseLost(LossCause cause, String reason) {
		if (cause == LossCause.LEASE_ENDED) {
			endTenure(Cause.LEASE_ENDED, reason);
			forget();
			if (this.state == State.LEAVING) {
				gone();
			}
			else if (this.state != State.OUT) {
				transitionTo(State.ENTERING);
			}
		}
		else if (this.tenure != null) {
			this.tenure.isValid();
		}
	}

	private void forget() {
		watchNothing();
		this.key = null;
		this.createRevision = 0;
		this.unsettled = false;
		this.deleting = false;
	}

	private boolean begin() {
		if (this.state == State.LEAVING) {
			return delete();
		}
		long leaseId = this.lease.id();
		if (!this.wanted || leaseId == 0) {
			return false;
		}
		if (this.createRevision == 0) {
			String key = this.queue + Long.toHexString(leaseId);
			this.key = key;
			this.loop.handle(this.store.enter(this.queue, key, this.value, leaseId), (place, failure) -> {
				this.unsettled = this.unsettled || failure != null;
				found(leaseId, place, failure);
			});
		}
		else {
			this.loop.handle(this.store.look(this.queue, Objects.requireNonNull(this.key), this.createRevision),
					(place, failure) -> found(leaseId, place, failure));
		}
		return true;
	}

	private void found(long leaseId, Optional<Place> found, @Nullable EtcdAccessException failure) {
		if (failure != null) {
			failed(failure);
		}
		else if (this.state == State.LEAVING || !this.wanted || this.lease.id() != leaseId) {
			this.turn.take();
		}
		else if (found.isEmpty()) {
			lostKey();
		}
		else {
			settle(leaseId, found.get());
		}
		this.turn.end();
	}

	private void settle(long leaseId, Place place) {
		this.troubles.clear();
		if (place.key().lease() != leaseId) {
			// Another client wrote the key without our lease: it would never go away
			this.createRevision = 0;
			this.loop.handle(this.store.delete(place.key().key()),
					(deleted, failure) -> this.turn.takeLater(Kind.OTHER));
			return;
		}
		this.createRevision = place.key().createRevision();
		Entry predecessor = place.predecessor();
		if (predecessor == null) {
			own(leaseId);
		}
		else {
			endTenure(Cause.KEY_DELETED, "another one was before it");
			transitionTo(State.QUEUED);
			this.listener.queued();
			watch(predecessor.key(), predecessor.createRevision());
		}
	}

	private void own(long leaseId) {
		String key = Objects.requireNonNull(this.key);
		this.lease.noticeExpiry();
		if (this.tenure == null || !this.tenure.isValid() || this.tenure.token() != this.createRevision) {
			transitionTo(State.OWNER);
			watch(key, this.createRevision);
			if (this.queues.remaining(leaseId).isZero()) {
				// The next renewal grants the tenure
				this.lease.renew();
				return;
			}
			Tenure next = this.queues.tenure(key, this.createRevision, leaseId, this.listener::ended);
			this.tenure = next;
			this.listener.granted(next);
			next.start();
		}
	}

	private boolean delete() {
		String key = this.key;
		if (key == null) {
			gone();
			return false;
		}
		// Nothing can be told from what a second try finds
		boolean mustExist = this.createRevision != 0 && !this.deleting;
		this.deleting = true;
		this.loop.handle(this.store.delete(key), (existed, failure) -> {
			told(failure == null && (existed || !mustExist), failure);
			if (failure != null) {
				failed(failure);
			}
			else if (this.unsettled) {
				// etcd may still carry out the earlier write, but only until its deadline
				this.unsettled = false;
				this.loop.schedule(this.turn::take, this.queues.requestTimeout());
			}
			else if (this.state == State.LEAVING) {
				forget();
				gone();
			}
			this.turn.end();
		});
		return true;
	}

	/**
	 * The key is gone. Enter again if {@link #enter()} was called in the meantime.
	 */
	private void gone() {
		if (this.wanted) {
			told(true, null);
			transitionTo(State.ENTERING);
			this.loop.execute(this.turn::take);
		}
		else {
			out();
		}
	}

	private void out() {
		this.turn.stop();
		transitionTo(State.OUT);
		this.queues.dismiss(this);
		told(true, null);
		List<CompletableFuture<Void>> waiting = List.copyOf(this.out);
		this.out.clear();
		waiting.forEach((future) -> future.complete(null));
	}

	private void told(boolean intact, @Nullable EtcdAccessException failure) {
		List<CompletableFuture<Boolean>> left = List.copyOf(this.leaving);
		this.leaving.clear();
		left.forEach((future) -> Outcomes.<Boolean>into(future).accept(intact, failure));
	}

	private void lostKey() {
		endTenure(Cause.KEY_DELETED, "key '%s' was deleted".formatted(this.key));
		watchNothing();
		this.createRevision = 0;
		transitionTo(State.ENTERING);
		this.turn.take();
	}

	private void failed(EtcdAccessException failure) {
		if (failure.getKind() == Kind.LEASE_NOT_FOUND) {
			this.lease.renew();
		}
		else if (this.troubles.add(failure.getKind())) {
			logger.warn("Cannot %s queue '%s': %s. Retrying"
				.formatted((this.state == State.LEAVING) ? "leave" : "enter", this.queue, failure.describe()));
		}
		this.turn.takeLater(failure.getKind());
	}

	private void watch(String key, long createRevision) {
		Watched last = this.watched;
		if (last != null && last.key().equals(key) && last.createRevision() == createRevision) {
			return;
		}
		watchNothing();
		KeyRange range = KeyRange.single(key).withoutValues();
		Reflector reflector = this.queues.reflector(range, this.lease.newDelays(), (publication) -> {
			Watched now = this.watched;
			Entry entry = publication.snapshot().entries().get(key);
			boolean current = now != null && now.key().equals(key) && now.createRevision() == createRevision;
			if (current && (entry == null || entry.createRevision() != createRevision)) {
				goneFromSight(key);
			}
		});
		this.watched = new Watched(key, createRevision, reflector);
		reflector.start();
	}

	private void goneFromSight(String key) {
		if (key.equals(this.key)) {
			lostKey();
		}
		else {
			watchNothing();
			this.turn.take();
		}
	}

	private void watchNothing() {
		if (this.watched != null) {
			this.watched.reflector().close();
			this.watched = null;
		}
	}

	private void endTenure(Cause cause, String reason) {
		Tenure last = this.tenure;
		this.tenure = null;
		if (last != null) {
			last.end(cause, reason);
		}
	}

	private void transitionTo(State next) {
		this.loop.assertInLoop();
		State last = this.state;
		if (last == next) {
			return;
		}
		if (!next.follows(last)) {
			throw new IllegalStateException("A place in '%s' can't go from %s to %s".formatted(this.queue, last, next));
		}
		logger.debug("'%s': %s -> %s".formatted(this.queue, last, next));
		this.state = next;
	}

	private record Watched(String key, long createRevision, Reflector reflector) {
	}

	/**
	 * The states of a contender. Each names the states that may come before it.
	 */
	public enum State {

		/**
		 * Not in the queue. May follow {@link #LEAVING}, and any state when the lease was
		 * revoked.
		 */
		OUT,

		/**
		 * The key is to be written. May follow {@link #OUT}; {@link #QUEUED} and
		 * {@link #OWNER}, when the key was lost; {@link #LEAVING}, when the contender
		 * enters again.
		 */
		ENTERING,

		/**
		 * Another key is before this one. May follow {@link #ENTERING}, and
		 * {@link #OWNER} when the store was restored.
		 */
		QUEUED,

		/**
		 * At the head. May follow {@link #ENTERING} and {@link #QUEUED}.
		 */
		OWNER,

		/**
		 * The key is being deleted. May follow any state but {@link #OUT}.
		 */
		LEAVING;

		private boolean follows(State last) {
			return switch (this) {
				case OUT -> true;
				case ENTERING -> last != OUT || this == ENTERING;
				case QUEUED -> last == ENTERING || last == OWNER;
				case OWNER -> last == ENTERING || last == QUEUED;
				case LEAVING -> last != OUT;
			};
		}

	}

	/**
	 * Is told when a contender's place in the queue changes. It must neither block nor
	 * throw.
	 */
	public interface Listener {

		/**
		 * The contender is in the queue, behind another one. Called on the loop.
		 */
		default void queued() {
		}

		/**
		 * The contender is at the head. Called on the loop.
		 * @param tenure how long it is valid there
		 */
		void granted(Tenure tenure);

		/**
		 * The contender is no longer at the head, or must presume so. Called once for
		 * each tenure, on any thread.
		 * @param tenure the tenure, which has ended
		 */
		void ended(Tenure tenure);

	}

}
