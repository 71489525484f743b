package io.github.etcddiscovery.registry;

import java.time.Duration;
import java.util.EnumSet;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.Future;
import java.util.function.Function;
import java.util.function.Predicate;

import io.github.etcddiscovery.core.EtcdAccessException;
import io.github.etcddiscovery.core.EtcdAccessException.Kind;
import io.github.etcddiscovery.core.EventLoop;
import io.github.etcddiscovery.core.Outcomes;
import io.github.etcddiscovery.core.RetryDelays;
import io.github.etcddiscovery.registry.RegistrationChange.Type;
import io.github.etcddiscovery.watch.Entry;
import io.github.etcddiscovery.watch.KeyRange;
import io.github.etcddiscovery.watch.ListerWatcher;
import io.github.etcddiscovery.watch.Reflector;
import org.apache.commons.logging.Log;
import org.apache.commons.logging.LogFactory;
import org.jspecify.annotations.Nullable;

/**
 * One key and what is wanted of it, which {@link #reconcile()} brings about, one request
 * at a time. What it guarantees:
 * <ul>
 * <li>The key is written and deleted only on condition that it is still what was read,
 * and only when it is ours by the rules of {@link Ownership}; a write of unknown outcome
 * is read back.
 * <li>The key is watched: what others do to it is noticed and mended, with a growing
 * delay so that two that disagree do not write in turns for ever.
 * <li>What is given up is deleted, for as long as that takes and the lease lives.
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

	private final RetryDelays delays;

	private final Reflector reflector;

	private String value = "";

	private Predicate<String> sameAddress = (other) -> false;

	private @Nullable CompletableFuture<Void> firstTry;

	private @Nullable CompletableFuture<Void> removal;

	private @Nullable Future<?> retry;

	private boolean busy;

	private boolean again;

	private boolean disturbed;

	private boolean unsettled;

	private boolean leaving;

	private boolean ended;

	private boolean held;

	private boolean heldBefore;

	private boolean yielded;

	private boolean shared;

	private @Nullable LossCause lossCause;

	private long lastRetry;

	private final Set<Kind> troubles = EnumSet.noneOf(Kind.class);

	/**
	 * Create a claim; nothing is done before {@link #reconcile()}.
	 * @param key the key
	 * @param lease the lease to write it under
	 * @param store etcd
	 * @param watches how to watch the key
	 * @param loop the loop that owns the state
	 * @param requestTimeout how long etcd may take to set the watch up
	 * @param owner is told what becomes of the claim
	 */
	Claim(String key, ProcessLease lease, LeaseStore store, Function<KeyRange, ListerWatcher> watches, EventLoop loop,
			Duration requestTimeout, Owner owner) {
		this.key = key;
		this.lease = lease;
		this.store = store;
		this.loop = loop;
		this.owner = owner;
		this.delays = lease.newDelays();
		KeyRange range = KeyRange.single(key);
		this.reflector = new Reflector(range, watches.apply(range), loop, lease.newDelays(), requestTimeout,
				(snapshot, changed) -> observe(Optional.ofNullable(snapshot.entries().get(key))));
	}

	String key() {
		return this.key;
	}

	/**
	 * Want a value from now on.
	 * @param value the value
	 * @param sameAddress whether another value has the address that this one has
	 * @param outcome completes with the first try
	 */
	void want(String value, Predicate<String> sameAddress, CompletableFuture<Void> outcome) {
		firstTryFailed(new EtcdAccessException(Kind.CANCELLED, "another value was registered meanwhile", null));
		this.value = value;
		this.sameAddress = sameAddress;
		this.firstTry = outcome;
		if (this.leaving) {
			this.leaving = false;
			removalTried(new EtcdAccessException(Kind.CANCELLED, "it was registered again meanwhile", null));
		}
	}

	/**
	 * Whether another process may hold the key while this one stands by.
	 */
	void share(boolean shared) {
		this.shared = shared;
	}

	/**
	 * Bring the key to what is wanted. While a request is under way this is only
	 * remembered; without a lease there is nothing to write yet.
	 */
	void reconcile() {
		if (this.busy) {
			this.again = true;
			return;
		}
		long leaseId = this.lease.id();
		if (hasEnded() || (leaseId == 0 && !this.leaving)) {
			return;
		}
		this.busy = true;
		this.again = false;
		this.disturbed = false;
		cancelRetry();
		this.loop.handle(this.store.read(this.key), (found, failure) -> {
			if (failure != null) {
				failed(failure);
			}
			else if (this.leaving && !hasEnded()) {
				delete(found);
			}
			else if (isWanted() && isCurrent(leaseId)) {
				decide(found, leaseId);
			}
			else {
				done();
			}
		});
	}

	/**
	 * Whether it was given up together with the lease: another claim may stand in its
	 * place by now.
	 */
	private boolean hasEnded() {
		return this.ended;
	}

	boolean isWanted() {
		return !hasEnded() && !this.leaving;
	}

	private boolean isCurrent(long leaseId) {
		return leaseId != 0 && leaseId == this.lease.id();
	}

	private void decide(Optional<Entry> found, long leaseId) {
		if (found.isEmpty()) {
			lost(LossCause.KEY_DELETED, "the key is gone");
		}
		switch (Ownership.judge(found, leaseId, this.value, this.lease::isOurs, this.heldBefore, this.sameAddress)) {
			case HELD -> hold(leaseId);
			case YIELD -> yieldTo(found.orElseThrow());
			case WRITE -> {
				String value = this.value;
				boolean overwritten = this.held && found.isPresent() && !isCurrent(found.get().lease());
				this.loop.handle(this.store.put(this.key, value, leaseId, modRevision(found)), (written, failure) -> {
					this.unsettled = failure != null;
					if (failure != null) {
						failed(failure);
					}
					else if (written && value.equals(this.value)) {
						if (overwritten) {
							this.owner.recovered(LossCause.KEY_OVERWRITTEN);
						}
						hold(leaseId);
					}
					else {
						repeat();
					}
				});
			}
		}
	}

	private void hold(long leaseId) {
		this.lease.noticeExpiry();
		if (isWanted() && isCurrent(leaseId) && this.lease.isHeld()) {
			this.troubles.clear();
			if (!this.held) {
				this.held = true;
				this.yielded = false;
				this.owner.tell(this.heldBefore ? Type.RECOVERED : Type.REGISTERED, this.key, null);
				if (this.lossCause != null) {
					this.owner.recovered(this.lossCause);
					this.lossCause = null;
				}
				logger.info("Registered '%s' under lease %x with a time to live of %d s".formatted(this.key, leaseId,
						this.lease.ttl().toSeconds()));
				this.heldBefore = true;
				this.reflector.start();
			}
			firstTryDone();
		}
		done();
	}

	private void yieldTo(Entry entry) {
		String reason = "'%s' belongs to another live process, under lease %x".formatted(this.key, entry.lease());
		EtcdAccessException failure = new EtcdAccessException(Kind.TAKEN, reason, null);
		if (!this.yielded) {
			this.yielded = true;
			this.lossCause = this.heldBefore ? LossCause.CONFLICT : null;
			this.held = false;
			if (this.shared) {
				logger.info("Standing by: %s; this one takes over when the other one leaves".formatted(reason));
			}
			else {
				logger.warn("Not registered: %s; this one takes over when the other one leaves"
					.formatted(failure.describe()));
			}
			this.owner.tell(this.shared ? Type.STANDING_BY : Type.CONFLICTED, this.key, reason);
		}
		if (this.shared) {
			firstTryDone();
		}
		firstTryFailed(failure);
		this.reflector.start();
		done();
	}

	/**
	 * Asks etcd even if there is nothing of ours, when a write of unknown outcome may
	 * still be on its way: that one comes before this one or not at all.
	 */
	private void delete(Optional<Entry> found) {
		boolean ours = found.isPresent() && this.lease.isOurs(found.get().lease());
		if (!ours && !this.unsettled) {
			removed();
			return;
		}
		this.loop.handle(this.store.delete(this.key, ours ? modRevision(found) : 0), (deleted, failure) -> {
			this.unsettled = failure != null;
			if (failure != null) {
				failed(failure);
			}
			else if (deleted) {
				removed();
			}
			else {
				repeat();
			}
		});
	}

	private void removed() {
		if (this.leaving && !hasEnded()) {
			this.ended = true;
			this.reflector.close();
			this.owner.removed(this.key);
			removalTried(null);
		}
		done();
	}

	private void removalTried(@Nullable EtcdAccessException failure) {
		CompletableFuture<Void> removal = this.removal;
		this.removal = null;
		if (removal != null) {
			Outcomes.into(removal).accept(null, failure);
		}
	}

	private void failed(EtcdAccessException failure) {
		firstTryFailed(failure);
		removalTried(failure);
		if (failure.getKind() == Kind.LEASE_NOT_FOUND) {
			this.lease.renew();
		}
		else if (!hasEnded() && this.troubles.add(failure.getKind())) {
			logger.warn("Cannot %s '%s': %s. Trying on".formatted(this.leaving ? "delete" : "write", this.key,
					failure.describe()));
		}
		retryAfter(failure.getKind());
		done();
	}

	private void repeat() {
		this.again = true;
		done();
	}

	private void done() {
		this.busy = false;
		if (this.again) {
			reconcile();
		}
		else if (this.disturbed) {
			retryAfter(Kind.OTHER);
		}
	}

	/**
	 * The watch only says when to read again: it may lag behind what was written since,
	 * or run ahead of the answer to it.
	 */
	private void observe(Optional<Entry> found) {
		boolean asWanted = found.isPresent() && isCurrent(found.get().lease())
				&& found.get().value().equals(this.value);
		if (asWanted || !isWanted() || this.lease.id() == 0) {
			return;
		}
		if (this.busy) {
			this.disturbed = true;
			return;
		}
		if (found.isEmpty()) {
			this.lease.renew();
		}
		retryAfter(Kind.OTHER);
	}

	void lost(LossCause cause, String reason) {
		if (this.held) {
			this.held = false;
			this.lossCause = cause;
			this.owner.tell(Type.LOST, this.key, reason);
		}
	}

	private void firstTryDone() {
		if (this.firstTry != null) {
			this.firstTry.complete(null);
			this.firstTry = null;
		}
	}

	void firstTryFailed(EtcdAccessException failure) {
		if (this.firstTry != null) {
			this.firstTry.completeExceptionally(failure);
			this.firstTry = null;
		}
	}

	/**
	 * Leaves a retry that waits already in its place, so that it comes however often
	 * others write; the delay grows as long as one trouble follows another.
	 */
	private void retryAfter(Kind kind) {
		if (hasEnded() || (this.retry != null && !this.retry.isDone())) {
			return;
		}
		long now = this.loop.nanoTime();
		if (now - this.lastRetry > this.lease.ttl().toNanos() * 2) {
			this.delays.reset();
		}
		this.lastRetry = now;
		this.retry = this.loop.schedule(this::reconcile, this.delays.after(kind));
	}

	private void cancelRetry() {
		if (this.retry != null) {
			this.retry.cancel(false);
		}
	}

	/**
	 * Not wanted any more; it ends when the key is gone.
	 */
	void leave(CompletableFuture<Void> outcome) {
		if (this.removal != null) {
			this.removal.whenComplete(Outcomes.into(outcome));
			return;
		}
		this.removal = outcome;
		this.leaving = true;
		this.held = false;
		this.heldBefore = false;
		this.yielded = false;
		this.lossCause = null;
		firstTryFailed(new EtcdAccessException(Kind.CANCELLED, "the registration was given up", null));
	}

	void endWith(CompletableFuture<Void> revoked) {
		this.ended = true;
		cancelRetry();
		this.reflector.close();
		firstTryFailed(new EtcdAccessException(Kind.CANCELLED, "the registration was given up", null));
		if (this.removal != null) {
			revoked.whenComplete(Outcomes.into(this.removal));
		}
	}

	private static long modRevision(Optional<Entry> found) {
		return found.map(Entry::modRevision).orElse(0L);
	}

	/**
	 * Who the claim belongs to.
	 */
	interface Owner {

		/**
		 * The key that was given up is gone.
		 */
		void removed(String key);

		/**
		 * Something became of the registration.
		 */
		void tell(Type type, String key, @Nullable String reason);

		/**
		 * The key had to be put back, and stands again.
		 */
		void recovered(LossCause cause);

	}

}
