package io.github.etcddiscovery.lease;

import java.time.Duration;
import java.util.EnumSet;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.function.Function;
import java.util.function.Predicate;

import io.github.etcddiscovery.core.EtcdAccessException;
import io.github.etcddiscovery.core.EtcdAccessException.Kind;
import io.github.etcddiscovery.core.EventLoop;
import io.github.etcddiscovery.core.Outcomes;
import io.github.etcddiscovery.lease.Goal.Gone;
import io.github.etcddiscovery.lease.Goal.Keep;
import io.github.etcddiscovery.lease.Standing.Ended;
import io.github.etcddiscovery.lease.Standing.Leaving;
import io.github.etcddiscovery.lease.Standing.Lost;
import io.github.etcddiscovery.lease.Standing.Owned;
import io.github.etcddiscovery.lease.Standing.Pending;
import io.github.etcddiscovery.lease.Standing.Yielded;
import io.github.etcddiscovery.watch.Entry;
import io.github.etcddiscovery.watch.KeyRange;
import io.github.etcddiscovery.watch.ListerWatcher;
import io.github.etcddiscovery.watch.Reflector;
import org.apache.commons.logging.Log;
import org.apache.commons.logging.LogFactory;
import org.jspecify.annotations.Nullable;

/**
 * One key that this process wants to have under its lease. A claim consists of its
 * {@link Goal}, its {@link Standing} and its {@link Turn}. {@link #reconcile()} brings
 * the key to the goal: it reads the key, decides who owns it, and writes or deletes it. A
 * key that is presumably missing is written at once if it is, and read otherwise. A claim
 * guarantees:
 * <ul>
 * <li>The key is written or deleted only if it did not exist or has not changed since it
 * was read, and only if the rules of {@link Ownership} allow it. A write of unknown
 * outcome is read back.
 * <li>The key is watched. What others do to it is noticed and repaired, after a growing
 * delay, so that two processes that disagree do not overwrite each other for ever.
 * <li>A key that was given up is deleted, with retries until it is gone or its lease has
 * ended.
 * <li>The owner is told of every change of the standing.
 * </ul>
 * Confined to the loop.
 */
final class Claim {

	private static final Log logger = LogFactory.getLog(Claim.class);

	private final String key;

	private final ProcessLease lease;

	private final LeaseStore store;

	private final EventLoop loop;

	private final Owner owner;

	private final Turn turn;

	private final Reflector reflector;

	private Goal goal;

	private Standing standing = new Pending();

	/**
	 * Whether a read would most likely find nothing: the key was never written, or is
	 * gone with its lease. Assumed once.
	 */
	private boolean missing = true;

	/**
	 * Whether etcd may still carry out a write of unknown outcome.
	 */
	private boolean unsettled;

	/**
	 * The kinds of failure since the key was last owned. Each kind is logged once.
	 */
	private final Set<Kind> troubles = EnumSet.noneOf(Kind.class);

	/**
	 * Create a claim, which does nothing before {@link #reconcile()}.
	 * @param key the key
	 * @param goal the wanted value
	 * @param lease the lease to attach the key to
	 * @param store reads and writes the key
	 * @param watches makes the watch of the key
	 * @param loop the loop that owns the state
	 * @param requestTimeout how long etcd may take to set the watch up
	 * @param owner is told of changes of the standing
	 */
	Claim(String key, Keep goal, ProcessLease lease, LeaseStore store, Function<KeyRange, ListerWatcher> watches,
			EventLoop loop, Duration requestTimeout, Owner owner) {
		this.key = key;
		this.goal = goal;
		this.lease = lease;
		this.store = store;
		this.loop = loop;
		this.owner = owner;
		this.turn = new Turn(loop, lease.newDelays(), lease.ttl().toNanos() * 2, this::begin);
		KeyRange range = KeyRange.single(key);
		this.reflector = new Reflector(range, watches.apply(range), loop, lease.newDelays(), requestTimeout,
				(publication) -> observe(Optional.ofNullable(publication.snapshot().entries().get(key))));
	}

	String key() {
		return this.key;
	}

	/**
	 * Whether the goal is to keep the key.
	 */
	boolean isWanted() {
		return this.goal instanceof Keep && !hasEnded();
	}

	/**
	 * Whether the claim is over. Another claim of the same key may exist by now.
	 */
	private boolean hasEnded() {
		return this.standing instanceof Ended;
	}

	/**
	 * Change the goal: the key has this value.
	 */
	void keep(Keep next) {
		tried(cancelled((this.goal instanceof Gone) ? "it was registered again meanwhile"
				: "another value was registered meanwhile"));
		this.goal = next;
		if (this.standing instanceof Leaving) {
			transitionTo(new Pending(), null);
		}
	}

	/**
	 * Change the value of a key that is kept.
	 */
	void revise(String value, Predicate<String> sameAddress, CompletableFuture<Void> firstTry) {
		keep(new Keep(value, sameAddress, this.goal instanceof Keep last && last.shared(), firstTry));
	}

	/**
	 * Change the goal: the key is gone. The claim ends when it is.
	 * @param firstTry completes with the outcome of the first try
	 */
	void leave(CompletableFuture<Void> firstTry) {
		want(new Gone(firstTry));
		if (!(this.standing instanceof Leaving)) {
			transitionTo(new Leaving(), null);
		}
	}

	private void want(Gone next) {
		if (this.goal instanceof Gone last && !last.firstTry().isDone()) {
			last.firstTry().whenComplete(Outcomes.into(next.firstTry()));
			return;
		}
		tried(cancelled("the registration was given up"));
		this.goal = next;
	}

	/**
	 * End the claim together with the lease, whose end deletes the key.
	 * @param revoked completes when the lease is revoked
	 */
	void endWith(CompletableFuture<Void> revoked) {
		this.turn.stop();
		if (this.goal instanceof Gone gone) {
			revoked.whenComplete(Outcomes.into(gone.firstTry()));
		}
		else {
			tried(cancelled("the registration was given up"));
		}
		end();
	}

	/**
	 * End the claim together with the lease, because this key is given up and no other
	 * key needs the lease.
	 * @param revoked completes when the lease is revoked
	 * @param firstTry completes at the same time
	 */
	void endWith(CompletableFuture<Void> revoked, CompletableFuture<Void> firstTry) {
		want(new Gone(firstTry));
		endWith(revoked);
	}

	private void end() {
		this.reflector.close();
		transitionTo(new Ended(), null);
	}

	/**
	 * Bring the key to its goal, now or after the run that is under way.
	 */
	void reconcile() {
		this.turn.take();
	}

	/**
	 * Begin a run, unless there is no lease yet under which to write the key.
	 */
	private boolean begin() {
		long leaseId = this.lease.id();
		if (hasEnded() || (leaseId == 0 && isWanted())) {
			return false;
		}
		boolean missing = this.missing;
		this.missing = false;
		if (this.goal instanceof Keep wanted && missing) {
			create(wanted, leaseId);
			return true;
		}
		this.loop.handle(this.store.read(this.key), (found, failure) -> {
			if (failure != null) {
				failed(failure);
			}
			else {
				read(found, leaseId);
			}
		});
		return true;
	}

	private void create(Keep wanted, long leaseId) {
		this.loop.handle(this.store.create(this.key, wanted.value(), leaseId), (found, failure) -> {
			this.unsettled = failure != null;
			if (failure != null) {
				failed(failure);
			}
			else if (found.isPresent()) {
				read(found, leaseId);
			}
			else {
				written(wanted, leaseId);
			}
		});
	}

	private void read(Optional<Entry> found, long leaseId) {
		if (this.standing instanceof Leaving) {
			delete(found);
		}
		else if (this.goal instanceof Keep wanted && !hasEnded() && isCurrent(leaseId)) {
			decide(found, wanted, leaseId);
		}
		else {
			this.turn.end();
		}
	}

	private boolean isCurrent(long leaseId) {
		return leaseId != 0 && leaseId == this.lease.id();
	}

	private void decide(Optional<Entry> found, Keep wanted, long leaseId) {
		if (found.isEmpty()) {
			lost(LossCause.KEY_DELETED, "the key is gone");
		}
		switch (Ownership.judge(found, leaseId, wanted.value(), this.lease::isOurs, this.standing.hasBeenOwned(),
				wanted.sameAddress())) {
			case OWNED -> own(leaseId);
			case YIELD -> yieldTo(found.orElseThrow(), wanted.shared());
			case WRITE -> write(found, wanted, leaseId);
		}
	}

	private void write(Optional<Entry> found, Keep wanted, long leaseId) {
		boolean overwritten = this.standing instanceof Owned && found.isPresent() && !isCurrent(found.get().lease());
		this.loop.handle(this.store.put(this.key, wanted.value(), leaseId, modRevision(found)), (written, failure) -> {
			this.unsettled = failure != null;
			if (failure != null) {
				failed(failure);
			}
			else if (written) {
				if (overwritten && isStillWanted(wanted)) {
					this.owner.restored(LossCause.KEY_OVERWRITTEN);
				}
				written(wanted, leaseId);
			}
			else {
				repeat();
			}
		});
	}

	private void written(Keep wanted, long leaseId) {
		if (isStillWanted(wanted)) {
			own(leaseId);
		}
		else {
			repeat();
		}
	}

	private boolean isStillWanted(Keep wanted) {
		return this.goal instanceof Keep now && now.value().equals(wanted.value());
	}

	private void own(long leaseId) {
		this.lease.noticeExpiry();
		if (isWanted() && isCurrent(leaseId) && this.lease.isAlive()) {
			this.troubles.clear();
			if (!(this.standing instanceof Owned)) {
				transitionTo(new Owned(), null);
				logger.info("Registered '%s' under lease %x with a time to live of %d s".formatted(this.key, leaseId,
						this.lease.ttl().toSeconds()));
				this.reflector.start();
			}
			tried(null);
		}
		this.turn.end();
	}

	private void yieldTo(Entry entry, boolean shared) {
		String reason = "'%s' belongs to another live process, under lease %x".formatted(this.key, entry.lease());
		EtcdAccessException taken = new EtcdAccessException(Kind.TAKEN, reason, null);
		if (!(this.standing instanceof Yielded)) {
			if (shared) {
				logger.info("Standing by: %s; this one takes over when the other one leaves".formatted(reason));
			}
			else {
				logger.warn("Not registered: %s; this one takes over when the other one leaves"
					.formatted(taken.describe()));
			}
			transitionTo(new Yielded(shared, this.standing.hasBeenOwned()), reason);
		}
		tried(shared ? null : taken);
		this.reflector.start();
		this.turn.end();
	}

	/**
	 * Delete the key. While a write of unknown outcome may still be under way, the delete
	 * is sent even if the key is not ours: etcd then applies that write before the delete
	 * or not at all.
	 */
	private void delete(Optional<Entry> found) {
		boolean ours = found.isPresent() && this.lease.isOurs(found.get().lease());
		if (!ours && !this.unsettled) {
			gone();
			return;
		}
		this.loop.handle(this.store.delete(this.key, ours ? modRevision(found) : 0), (deleted, failure) -> {
			this.unsettled = failure != null;
			if (failure != null) {
				failed(failure);
			}
			else if (deleted) {
				gone();
			}
			else {
				repeat();
			}
		});
	}

	private void gone() {
		if (this.standing instanceof Leaving) {
			end();
			tried(null);
		}
		this.turn.end();
	}

	private void failed(EtcdAccessException failure) {
		tried(failure);
		if (!hasEnded()) {
			if (failure.getKind() == Kind.LEASE_NOT_FOUND) {
				this.lease.renew();
			}
			else if (this.troubles.add(failure.getKind())) {
				logger.warn("Cannot %s '%s': %s. Retrying".formatted(isWanted() ? "write" : "delete", this.key,
						failure.describe()));
			}
			this.turn.takeLater(failure.getKind());
		}
		this.turn.end();
	}

	private void repeat() {
		this.turn.take();
		this.turn.end();
	}

	/**
	 * The watch only triggers another read, because it may lag behind a write, or run
	 * ahead of the answer to a write.
	 */
	private void observe(Optional<Entry> found) {
		if (!(this.goal instanceof Keep wanted) || hasEnded() || this.lease.id() == 0) {
			return;
		}
		boolean asWanted = found.isPresent() && isCurrent(found.get().lease())
				&& found.get().value().equals(wanted.value());
		if (asWanted) {
			return;
		}
		if (found.isEmpty() && !this.turn.isRunning()) {
			this.lease.renew();
		}
		this.turn.takeLater(Kind.OTHER);
	}

	/**
	 * The key is gone, or must be presumed gone.
	 */
	void lost(LossCause cause, String reason) {
		this.missing = cause == LossCause.LEASE_ENDED && !(this.standing instanceof Yielded);
		if (this.standing instanceof Owned) {
			transitionTo(new Lost(cause), reason);
		}
	}

	/**
	 * The lease was not granted, so the key can't be written.
	 */
	void refused(EtcdAccessException failure) {
		if (isWanted()) {
			tried(failure);
		}
	}

	private void tried(@Nullable EtcdAccessException failure) {
		Outcomes.<Void>into(this.goal.firstTry()).accept(null, failure);
	}

	private void transitionTo(Standing next, @Nullable String reason) {
		this.loop.assertInLoop();
		Standing last = this.standing;
		if (!next.predecessors().contains(last.getClass())) {
			throw new IllegalStateException("'%s' can't go from %s to %s".formatted(this.key, last, next));
		}
		logger.debug("'%s': %s -> %s".formatted(this.key, last, next));
		this.standing = next;
		this.owner.changed(this, last, next, reason);
	}

	private static EtcdAccessException cancelled(String reason) {
		return new EtcdAccessException(Kind.CANCELLED, reason, null);
	}

	private static long modRevision(Optional<Entry> found) {
		return found.map(Entry::modRevision).orElse(0L);
	}

	/**
	 * The owner of a claim.
	 */
	interface Owner {

		/**
		 * The standing changed.
		 */
		void changed(Claim claim, Standing last, Standing next, @Nullable String reason);

		/**
		 * The claim undid what another client did to the key, without a loss in between.
		 */
		void restored(LossCause cause);

	}

}
