package io.github.etcddiscovery.registry;

import java.time.Duration;
import java.util.EnumSet;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.Future;
import java.util.function.BiConsumer;
import java.util.function.Consumer;
import java.util.function.Function;
import java.util.function.Predicate;

import io.github.etcddiscovery.core.EtcdAccessException;
import io.github.etcddiscovery.core.EtcdAccessException.Kind;
import io.github.etcddiscovery.core.EventLoop;
import io.github.etcddiscovery.core.RetryDelays;
import io.github.etcddiscovery.registry.LeaseStatus.State;
import io.github.etcddiscovery.registry.RegistrationChange.Type;
import io.github.etcddiscovery.watch.Entry;
import io.github.etcddiscovery.watch.KeyRange;
import io.github.etcddiscovery.watch.ListerWatcher;
import io.github.etcddiscovery.watch.Reflector;
import org.apache.commons.logging.Log;
import org.apache.commons.logging.LogFactory;
import org.jspecify.annotations.Nullable;

/**
 * Keeps the registrations of this process in etcd under one lease, whatever happens to
 * etcd, the network or the keys. What it guarantees:
 * <ul>
 * <li>From {@code register} to {@code deregister} it never gives up: each failure leads
 * to another try, after a delay with jitter.
 * <li>One renewal is under way at a time, sent every third of the time to live, by a
 * monotonic clock. Only etcd's word that the lease has ended leads to a new one: a lease
 * that could not be renewed for its whole time may live on, since etcd gives leases their
 * full time again when it restarts.
 * <li>Once the lease was not renewed for its whole time, this process does not claim to
 * be registered any more, before it does anything else.
 * <li>A key is written and deleted only on condition that it is still what was read, and
 * only when it is ours by the rules of {@link Ownership}: nothing of another live process
 * is ever overwritten or deleted, and a write of unknown outcome is read back.
 * <li>Each key is watched: what others do to it is noticed and mended, with a growing
 * delay so that two that disagree do not write in turns for ever.
 * <li>An answer that belongs to an earlier lease changes nothing.
 * <li>What is given up is deleted, for as long as that takes and the lease lives.
 * <li>A lease that is granted after it is no longer wanted is revoked.
 * </ul>
 * All state is confined to the loop. The lease's states are {@link State}; each key has a
 * {@link Claim}, which is brought to what is wanted by {@link Claim#reconcile()}, one
 * request at a time.
 */
public final class LeasedRegistrations {

	private static final Log logger = LogFactory.getLog(LeasedRegistrations.class);

	/**
	 * Former leases are remembered, since a store that was restored may hold keys under
	 * them; but not for ever.
	 */
	private static final int MAX_OWN_LEASES = 100;

	private static final Duration SHORTEST_DELAY = Duration.ofMillis(200);

	private final LeaseStore store;

	private final Function<KeyRange, ListerWatcher> watches;

	private final EventLoop loop;

	private final Duration ttl;

	private final Duration requestTimeout;

	private final Consumer<RegistrationChange> listener;

	private final RetryDelays delays;

	private final Map<String, Claim> claims = new LinkedHashMap<>();

	private final Set<Long> ownLeases = new LinkedHashSet<>();

	/**
	 * What has gone wrong since the last renewal: each kind is worth one line in the log.
	 */
	private final Set<Kind> troubles = EnumSet.noneOf(Kind.class);

	private long attempt;

	private boolean renewing;

	private @Nullable Future<?> timer;

	private volatile Lease lease = new Lease(State.IDLE, 0, 0);

	private volatile Map<String, Type> published = Map.of();

	/**
	 * Create registrations; nothing is asked of etcd before the first one.
	 * @param store etcd
	 * @param watches how to watch a key
	 * @param loop the loop that owns the state; not closed here
	 * @param ttl the lease's time to live
	 * @param requestTimeout how long etcd may take to set a watch up
	 * @param listener is told what becomes of the registrations, on the loop: it must
	 * neither block nor throw
	 */
	public LeasedRegistrations(LeaseStore store, Function<KeyRange, ListerWatcher> watches, EventLoop loop,
			Duration ttl, Duration requestTimeout, Consumer<RegistrationChange> listener) {
		this.store = store;
		this.watches = watches;
		this.loop = loop;
		this.ttl = ttl;
		this.requestTimeout = requestTimeout;
		this.listener = listener;
		this.delays = newDelays();
	}

	/**
	 * Register under a key, or change the value of a key that is registered. From any
	 * thread.
	 * @param key the key
	 * @param value the value
	 * @param sameAddress whether another value has the address that this one has
	 * @return completes when the key stands in etcd, or fails when the first try failed:
	 * it is tried on all the same
	 */
	public CompletableFuture<Void> register(String key, String value, Predicate<String> sameAddress) {
		CompletableFuture<Void> outcome = new CompletableFuture<>();
		this.loop.execute(() -> {
			if (this.lease.state() == State.CLOSED) {
				outcome.completeExceptionally(new IllegalStateException("The registry is closed"));
				return;
			}
			Claim claim = this.claims.computeIfAbsent(key, Claim::new);
			claim.want(value, sameAddress, outcome);
			if (this.lease.state() == State.IDLE) {
				transitionTo(State.GRANTING);
				grant();
			}
			else {
				claim.reconcile();
			}
		});
		return outcome;
	}

	/**
	 * Change the value of a key, but only if it is registered or being registered. From
	 * any thread.
	 * @param key the key
	 * @param value the value
	 * @param sameAddress whether another value has the address that this one has
	 * @return completes when the value stands in etcd, or when there is nothing to
	 * change; fails when the first try failed: it is tried on all the same
	 */
	public CompletableFuture<Void> update(String key, String value, Predicate<String> sameAddress) {
		CompletableFuture<Void> outcome = new CompletableFuture<>();
		this.loop.execute(() -> {
			Claim claim = this.claims.get(key);
			if (claim == null || claim.leaving) {
				outcome.complete(null);
				return;
			}
			claim.want(value, sameAddress, outcome);
			claim.reconcile();
		});
		return outcome;
	}

	/**
	 * Give a key up. From any thread.
	 * @param key the key
	 * @return completes when the key is gone, or fails when the first try failed: it is
	 * tried on all the same, and at the latest the key goes with the lease
	 */
	public CompletableFuture<Void> deregister(String key) {
		CompletableFuture<Void> outcome = new CompletableFuture<>();
		this.loop.execute(() -> {
			Claim claim = this.claims.get(key);
			if (claim == null) {
				outcome.complete(null);
				return;
			}
			boolean first = !claim.leaving;
			claim.leave(outcome);
			if (this.claims.values().stream().allMatch((other) -> other.leaving)) {
				giveUpLease(State.IDLE);
			}
			else {
				claim.reconcile();
			}
			if (first) {
				tell(Type.DEREGISTERED, key, null);
			}
		});
		return outcome;
	}

	/**
	 * Give all keys up, for good. From any thread.
	 * @return completes when they are gone; fails when etcd could not be told, in which
	 * case they go with the lease
	 */
	public CompletableFuture<Void> close() {
		CompletableFuture<Void> outcome = new CompletableFuture<>();
		this.loop.execute(() -> {
			List<Claim> wanted = this.claims.values().stream().filter(Claim::isWanted).toList();
			giveUpLease(State.CLOSED).whenComplete(relay(outcome));
			wanted.forEach((claim) -> tell(Type.DEREGISTERED, claim.key, null));
		});
		return outcome;
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
	 * Whether the key stands in etcd, as far as this process can know: never later than
	 * its lease could have ended. From any thread.
	 * @param key the key
	 * @return {@code true} if it does
	 */
	public boolean isRegistered(String key) {
		Type last = this.published.get(key);
		return (last == Type.REGISTERED || last == Type.RECOVERED) && !status().remaining().isZero();
	}

	/**
	 * What happened to each registration last. From any thread.
	 * @return the last change by key, of those not given up
	 */
	public Map<String, Type> lastChanges() {
		return this.published;
	}

	private void grant() {
		long attempt = ++this.attempt;
		long sentAt = this.loop.nanoTime();
		onLoop(this.store.grant(this.ttl), (granted, failure) -> {
			if (attempt != this.attempt) {
				if (granted != null) {
					this.store.revoke(granted);
				}
			}
			else if (granted != null) {
				this.ownLeases.add(granted);
				if (this.ownLeases.size() > MAX_OWN_LEASES) {
					this.ownLeases.remove(this.ownLeases.iterator().next());
				}
				this.lease = new Lease(this.lease.state(), granted, sentAt);
				renewed();
			}
			else {
				failed(failure);
				this.claims.values().forEach((claim) -> claim.firstTryFailed(failure));
				this.timer = this.loop.schedule(this::grant, this.delays.after(failure.getKind()));
			}
		});
	}

	private void renew() {
		if (this.renewing || this.lease.id() == 0) {
			return;
		}
		this.renewing = true;
		cancelTimer();
		noticeExpiry();
		long attempt = this.attempt;
		long sentAt = this.loop.nanoTime();
		onLoop(this.store.renew(this.lease.id()), (renewed, failure) -> {
			this.renewing = false;
			if (attempt != this.attempt) {
				renew();
			}
			else if (failure == null) {
				this.lease = new Lease(this.lease.state(), this.lease.id(), sentAt);
				renewed();
			}
			else if (failure.getKind() == Kind.LEASE_NOT_FOUND) {
				leaseEnded();
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
		boolean refused = kind == Kind.UNAUTHENTICATED || kind == Kind.PERMISSION_DENIED;
		if (refused || limit.isZero() || limit.compareTo(delay) >= 0) {
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
		if (this.lease.state() != State.REGISTERED) {
			transitionTo(State.REGISTERED);
			this.claims.values().forEach(Claim::reconcile);
		}
		cancelTimer();
		Duration next = this.ttl.dividedBy(3).minusNanos(this.loop.nanoTime() - this.lease.renewedAt());
		this.timer = this.loop.schedule(this::renew, next.isNegative() ? Duration.ZERO : next);
	}

	private void failed(EtcdAccessException failure) {
		if (this.troubles.add(failure.getKind())) {
			String what = (this.lease.id() == 0) ? "Cannot register yet"
					: "Cannot renew lease %x".formatted(this.lease.id());
			logger.warn("%s: %s. Trying on".formatted(what, failure.describe()));
		}
		else if (logger.isDebugEnabled()) {
			logger.debug("Still no lease renewed: " + failure.getMessage());
		}
		noticeExpiry();
	}

	private void noticeExpiry() {
		if (this.lease.state() == State.REGISTERED && status().remaining().isZero()) {
			transitionTo(State.RECOVERING);
			this.claims.values().forEach((claim) -> claim.lost("the lease was not renewed for %s".formatted(this.ttl)));
		}
	}

	private void leaseEnded() {
		long ended = this.lease.id();
		logger.warn("Lease %x has ended; registering again".formatted(ended));
		this.lease = new Lease(this.lease.state(), 0, 0);
		transitionTo(State.RECOVERING);
		this.claims.values().forEach((claim) -> claim.lost("lease %x has ended".formatted(ended)));
		cancelTimer();
		grant();
	}

	private CompletableFuture<Void> giveUpLease(State next) {
		this.attempt++;
		cancelTimer();
		long leaseId = this.lease.id();
		this.lease = new Lease(this.lease.state(), 0, 0);
		transitionTo(next);
		this.troubles.clear();
		CompletableFuture<Void> revoked = (leaseId != 0) ? this.store.revoke(leaseId)
				: CompletableFuture.completedFuture(null);
		List<Claim> last = List.copyOf(this.claims.values());
		this.claims.clear();
		last.forEach((claim) -> claim.endWith(revoked));
		return revoked;
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

	private void tell(Type type, String key, @Nullable String reason) {
		Map<String, Type> next = new LinkedHashMap<>(this.published);
		if (type == Type.DEREGISTERED) {
			next.remove(key);
		}
		else {
			next.put(key, type);
		}
		this.published = Map.copyOf(next);
		this.listener.accept(new RegistrationChange(type, key, this.lease.id(), reason));
	}

	private RetryDelays newDelays() {
		Duration third = this.ttl.dividedBy(3);
		return new RetryDelays((third.compareTo(Duration.ofSeconds(5)) < 0) ? third : Duration.ofSeconds(5));
	}

	private <T> void onLoop(CompletableFuture<T> future, BiConsumer<T, EtcdAccessException> handler) {
		future.whenComplete((result, failure) -> this.loop
			.execute(() -> handler.accept(result, (failure != null) ? EtcdAccessException.of(failure) : null)));
	}

	private static <T> BiConsumer<T, @Nullable Throwable> relay(CompletableFuture<T> target) {
		return (result, failure) -> {
			if (failure != null) {
				target.completeExceptionally(EtcdAccessException.of(failure));
			}
			else {
				target.complete(result);
			}
		};
	}

	private record Lease(State state, long id, long renewedAt) {
	}

	/**
	 * One key and what is wanted of it.
	 */
	private final class Claim {

		private final String key;

		private final RetryDelays delays = newDelays();

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

		private boolean held;

		private boolean heldBefore;

		private boolean conflicted;

		private long lastRetry;

		private final Set<Kind> troubles = EnumSet.noneOf(Kind.class);

		Claim(String key) {
			this.key = key;
			KeyRange range = KeyRange.single(key);
			this.reflector = new Reflector(range, LeasedRegistrations.this.watches.apply(range),
					LeasedRegistrations.this.loop, newDelays(), LeasedRegistrations.this.requestTimeout,
					(snapshot, changed) -> observe(Optional.ofNullable(snapshot.entries().get(key))));
		}

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
		 * Bring the key to what is wanted. While a request is under way this is only
		 * remembered; without a lease there is nothing to write yet.
		 */
		void reconcile() {
			if (this.busy) {
				this.again = true;
				return;
			}
			long leaseId = LeasedRegistrations.this.lease.id();
			if (hasEnded() || (leaseId == 0 && !this.leaving)) {
				return;
			}
			this.busy = true;
			this.again = false;
			this.disturbed = false;
			cancelRetry();
			onLoop(LeasedRegistrations.this.store.read(this.key), (found, failure) -> {
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
			return LeasedRegistrations.this.claims.get(this.key) != this;
		}

		boolean isWanted() {
			return !hasEnded() && !this.leaving;
		}

		private boolean isCurrent(long leaseId) {
			return leaseId != 0 && leaseId == LeasedRegistrations.this.lease.id();
		}

		private void decide(Optional<Entry> found, long leaseId) {
			if (found.isEmpty()) {
				lost("the key is gone");
			}
			switch (Ownership.judge(found, leaseId, this.value, LeasedRegistrations.this.ownLeases, this.heldBefore,
					this.sameAddress)) {
				case HELD -> hold(leaseId);
				case YIELD -> yieldTo(found.orElseThrow());
				case WRITE -> {
					String value = this.value;
					onLoop(LeasedRegistrations.this.store.put(this.key, value, leaseId, modRevision(found)),
							(written, failure) -> {
								this.unsettled = failure != null;
								if (failure != null) {
									failed(failure);
								}
								else if (written && value.equals(this.value)) {
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
			noticeExpiry();
			if (isWanted() && isCurrent(leaseId) && LeasedRegistrations.this.lease.state() == State.REGISTERED) {
				this.troubles.clear();
				if (!this.held) {
					this.held = true;
					this.conflicted = false;
					tell(this.heldBefore ? Type.RECOVERED : Type.REGISTERED, this.key, null);
					logger.info("Registered '%s' under lease %x with a time to live of %d s".formatted(this.key,
							leaseId, LeasedRegistrations.this.ttl.toSeconds()));
					this.heldBefore = true;
					this.reflector.start();
				}
				if (this.firstTry != null) {
					this.firstTry.complete(null);
					this.firstTry = null;
				}
			}
			done();
		}

		private void yieldTo(Entry entry) {
			String reason = "'%s' belongs to another live process, under lease %x".formatted(this.key, entry.lease());
			if (!this.conflicted) {
				this.conflicted = true;
				this.held = false;
				logger.warn(("Not registered: %s. Give each process its own 'spring.cloud.etcd.discovery.instance-id'; "
						+ "this one takes over when the other one leaves")
					.formatted(reason));
				tell(Type.CONFLICTED, this.key, reason);
			}
			firstTryFailed(new EtcdAccessException(Kind.OTHER, reason, null));
			this.reflector.start();
			done();
		}

		/**
		 * Asks etcd even if there is nothing of ours, when a write of unknown outcome may
		 * still be on its way: that one comes before this one or not at all.
		 */
		private void delete(Optional<Entry> found) {
			boolean ours = found.isPresent() && LeasedRegistrations.this.ownLeases.contains(found.get().lease());
			if (!ours && !this.unsettled) {
				removed();
				return;
			}
			onLoop(LeasedRegistrations.this.store.delete(this.key, ours ? modRevision(found) : 0),
					(deleted, failure) -> {
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
				LeasedRegistrations.this.claims.remove(this.key);
				this.reflector.close();
				removalTried(null);
			}
			done();
		}

		private void removalTried(@Nullable EtcdAccessException failure) {
			CompletableFuture<Void> removal = this.removal;
			this.removal = null;
			if (removal != null) {
				relay(removal).accept(null, failure);
			}
		}

		private void failed(EtcdAccessException failure) {
			firstTryFailed(failure);
			removalTried(failure);
			if (failure.getKind() == Kind.LEASE_NOT_FOUND) {
				renew();
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
		 * The watch only says when to read again: it may lag behind what was written
		 * since, or run ahead of the answer to it.
		 */
		private void observe(Optional<Entry> found) {
			boolean asWanted = found.isPresent() && isCurrent(found.get().lease())
					&& found.get().value().equals(this.value);
			if (asWanted || !isWanted() || LeasedRegistrations.this.lease.id() == 0) {
				return;
			}
			if (this.busy) {
				this.disturbed = true;
				return;
			}
			if (found.isEmpty()) {
				renew();
			}
			retryAfter(Kind.OTHER);
		}

		void lost(String reason) {
			if (this.held) {
				this.held = false;
				tell(Type.LOST, this.key, reason);
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
			long now = LeasedRegistrations.this.loop.nanoTime();
			if (now - this.lastRetry > LeasedRegistrations.this.ttl.toNanos() * 2) {
				this.delays.reset();
			}
			this.lastRetry = now;
			this.retry = LeasedRegistrations.this.loop.schedule(this::reconcile, this.delays.after(kind));
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
				this.removal.whenComplete(relay(outcome));
				return;
			}
			this.removal = outcome;
			this.leaving = true;
			this.held = false;
			this.heldBefore = false;
			this.conflicted = false;
			firstTryFailed(new EtcdAccessException(Kind.CANCELLED, "the registration was given up", null));
		}

		void endWith(CompletableFuture<Void> revoked) {
			cancelRetry();
			this.reflector.close();
			firstTryFailed(new EtcdAccessException(Kind.CANCELLED, "the registration was given up", null));
			if (this.removal != null) {
				revoked.whenComplete(relay(this.removal));
			}
		}

		private static long modRevision(Optional<Entry> found) {
			return found.map(Entry::modRevision).orElse(0L);
		}

	}

}
