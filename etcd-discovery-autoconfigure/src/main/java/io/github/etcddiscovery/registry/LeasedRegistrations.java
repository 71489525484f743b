package io.github.etcddiscovery.registry;

import java.time.Duration;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
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
 * <li>A lease that is granted after it is no longer wanted is revoked.
 * </ul>
 * All state is confined to the loop. The lease's states are {@link State}; each key has a
 * {@link Claim}, which is brought to what is wanted by {@link Claim#reconcile()}, one
 * request at a time.
 */
public final class LeasedRegistrations {

	private static final Log logger = LogFactory.getLog(LeasedRegistrations.class);

	private final LeaseStore store;

	private final Function<KeyRange, ListerWatcher> watches;

	private final EventLoop loop;

	private final Duration ttl;

	private final Duration requestTimeout;

	private final Consumer<RegistrationChange> listener;

	private final RetryDelays delays;

	private final Map<String, Claim> claims = new LinkedHashMap<>();

	private final Set<Long> ownLeases = new HashSet<>();

	private long attempt;

	private boolean renewing;

	private @Nullable Future<?> timer;

	private @Nullable EtcdAccessException trouble;

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
	 * Give a key up. From any thread.
	 * @param key the key
	 * @return completes when the key is gone; fails when etcd could not be told, in which
	 * case the key goes with the lease
	 */
	public CompletableFuture<Void> deregister(String key) {
		CompletableFuture<Void> outcome = new CompletableFuture<>();
		this.loop.execute(() -> {
			Claim claim = this.claims.remove(key);
			if (claim == null) {
				outcome.complete(null);
				return;
			}
			if (this.claims.isEmpty()) {
				claim.release();
				giveUpLease(State.IDLE).whenComplete(relay(outcome));
			}
			else {
				claim.remove(outcome);
			}
			tell(Type.DEREGISTERED, key, null);
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
			List<Claim> released = List.copyOf(this.claims.values());
			this.claims.clear();
			released.forEach(Claim::release);
			giveUpLease(State.CLOSED).whenComplete(relay(outcome));
			released.forEach((claim) -> tell(Type.DEREGISTERED, claim.key, null));
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
				this.lease = new Lease(this.lease.state(), granted, sentAt);
				renewed();
				this.claims.values().forEach(Claim::reconcile);
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
				this.timer = this.loop.schedule(this::renew, this.delays.after(failure.getKind()));
			}
		});
	}

	private void renewed() {
		if (this.trouble != null) {
			logger.info("Reached etcd again; lease %x".formatted(this.lease.id()));
			this.trouble = null;
		}
		this.delays.reset();
		boolean recovered = this.lease.state() == State.RECOVERING;
		transitionTo(State.REGISTERED);
		if (recovered) {
			this.claims.values().forEach(Claim::reconcile);
		}
		cancelTimer();
		this.timer = this.loop.schedule(this::renew, this.ttl.dividedBy(3));
	}

	private void failed(EtcdAccessException failure) {
		if (this.trouble == null || this.trouble.getKind() != failure.getKind()) {
			String what = (this.lease.id() == 0) ? "Cannot register yet"
					: "Cannot renew lease %x".formatted(this.lease.id());
			logger.warn("%s: %s. Trying on".formatted(what, failure.describe()));
		}
		else if (logger.isDebugEnabled()) {
			logger.debug("Still no lease renewed: " + failure.getMessage());
		}
		this.trouble = failure;
		if (this.lease.state() == State.REGISTERED && status().remaining().isZero()) {
			transitionTo(State.RECOVERING);
			this.claims.values().forEach((claim) -> claim.lost("the lease was not renewed for %s".formatted(this.ttl)));
		}
	}

	private void leaseEnded() {
		long ended = this.lease.id();
		logger.warn("Lease %x has ended; registering again".formatted(ended));
		this.ownLeases.remove(ended);
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
		this.trouble = null;
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
			.execute(() -> handler.accept(result, (failure != null) ? asFailure(failure) : null)));
	}

	private static <T> BiConsumer<T, @Nullable Throwable> relay(CompletableFuture<T> target) {
		return (result, failure) -> {
			if (failure != null) {
				target.completeExceptionally(asFailure(failure));
			}
			else {
				target.complete(result);
			}
		};
	}

	private static EtcdAccessException asFailure(Throwable failure) {
		Throwable cause = (failure instanceof CompletionException && failure.getCause() != null) ? failure.getCause()
				: failure;
		return (cause instanceof EtcdAccessException known) ? known
				: new EtcdAccessException(Kind.OTHER, String.valueOf(cause), cause);
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

		private boolean held;

		private boolean heldBefore;

		private boolean conflicted;

		private long lastRepair;

		private @Nullable Kind trouble;

		Claim(String key) {
			this.key = key;
			KeyRange range = KeyRange.single(key);
			this.reflector = new Reflector(range, LeasedRegistrations.this.watches.apply(range),
					LeasedRegistrations.this.loop, newDelays(), LeasedRegistrations.this.requestTimeout,
					(snapshot, changed) -> observe(Optional.ofNullable(snapshot.entries().get(key))));
		}

		void want(String value, Predicate<String> sameAddress, CompletableFuture<Void> outcome) {
			this.value = value;
			this.sameAddress = sameAddress;
			if (this.firstTry != null) {
				this.firstTry.completeExceptionally(
						new EtcdAccessException(Kind.CANCELLED, "another value was registered meanwhile", null));
			}
			this.firstTry = outcome;
		}

		/**
		 * Bring the key to what is wanted. While a request is under way this is only
		 * remembered; without a lease there is nothing to do yet.
		 */
		void reconcile() {
			long leaseId = LeasedRegistrations.this.lease.id();
			if (this.busy) {
				this.again = true;
				return;
			}
			if (this.removal == null && (leaseId == 0 || !isWanted())) {
				return;
			}
			this.busy = true;
			this.again = false;
			cancelRetry();
			onLoop(LeasedRegistrations.this.store.read(this.key), (found, failure) -> {
				if (failure != null) {
					failed(failure);
				}
				else if (this.removal != null) {
					delete(found);
				}
				else {
					decide(found, leaseId);
				}
			});
		}

		private boolean isWanted() {
			return LeasedRegistrations.this.claims.get(this.key) == this;
		}

		private void decide(Optional<Entry> found, long leaseId) {
			switch (Ownership.judge(found, leaseId, this.value, LeasedRegistrations.this.ownLeases, this.heldBefore,
					this.sameAddress)) {
				case HELD -> hold();
				case YIELD -> yieldTo(found.orElseThrow());
				case WRITE -> {
					String value = this.value;
					onLoop(LeasedRegistrations.this.store.put(this.key, value, leaseId, modRevision(found)),
							(written, failure) -> {
								if (failure != null) {
									failed(failure);
								}
								else if (!written || !value.equals(this.value)) {
									this.again = true;
									done();
								}
								else {
									hold();
								}
							});
				}
			}
		}

		private void hold() {
			if (isWanted() && LeasedRegistrations.this.lease.id() != 0 && !this.held) {
				this.held = true;
				this.conflicted = false;
				this.trouble = null;
				tell(this.heldBefore ? Type.RECOVERED : Type.REGISTERED, this.key, null);
				logger.info("Registered '%s' under lease %x with a time to live of %d s".formatted(this.key,
						LeasedRegistrations.this.lease.id(), LeasedRegistrations.this.ttl.toSeconds()));
				this.heldBefore = true;
				this.reflector.start();
			}
			if (this.firstTry != null) {
				this.firstTry.complete(null);
				this.firstTry = null;
			}
			done();
		}

		private void yieldTo(Entry entry) {
			if (isWanted() && !this.conflicted) {
				this.conflicted = true;
				this.held = false;
				String reason = "'%s' belongs to another live process, under lease %x".formatted(this.key,
						entry.lease());
				logger.warn(("Not registered: %s. Give each process its own 'spring.cloud.etcd.discovery.instance-id'; "
						+ "this one takes over when the other one leaves")
					.formatted(reason));
				tell(Type.CONFLICTED, this.key, reason);
				firstTryFailed(new EtcdAccessException(Kind.OTHER, reason, null));
			}
			this.reflector.start();
			done();
		}

		private void delete(Optional<Entry> found) {
			if (found.isEmpty() || !LeasedRegistrations.this.ownLeases.contains(found.get().lease())) {
				removed(null);
				return;
			}
			onLoop(LeasedRegistrations.this.store.delete(this.key, modRevision(found)),
					(deleted, failure) -> removed(failure));
		}

		private void removed(@Nullable EtcdAccessException failure) {
			CompletableFuture<Void> removal = this.removal;
			if (removal != null) {
				relay(removal).accept(null, failure);
			}
		}

		private void failed(EtcdAccessException failure) {
			if (this.removal != null) {
				removed(failure);
				return;
			}
			firstTryFailed(failure);
			if (failure.getKind() == Kind.LEASE_NOT_FOUND) {
				renew();
			}
			else if (isWanted() && this.trouble != failure.getKind()) {
				logger.warn("Cannot write '%s': %s. Trying on".formatted(this.key, failure.describe()));
				this.trouble = failure.getKind();
			}
			done();
			retryAfter(this.delays.after(failure.getKind()));
		}

		private void done() {
			this.busy = false;
			if (this.again || this.removal != null) {
				reconcile();
			}
		}

		private void observe(Optional<Entry> found) {
			boolean asWanted = found.isPresent() && found.get().lease() == LeasedRegistrations.this.lease.id()
					&& found.get().value().equals(this.value);
			if (asWanted || this.busy || !isWanted() || LeasedRegistrations.this.lease.id() == 0) {
				return;
			}
			if (found.isEmpty()) {
				if (this.held) {
					lost("the key is gone");
				}
				renew();
			}
			long now = LeasedRegistrations.this.loop.nanoTime();
			if (now - this.lastRepair > LeasedRegistrations.this.ttl.toNanos() * 2) {
				this.delays.reset();
			}
			this.lastRepair = now;
			retryAfter(this.delays.after(Kind.OTHER));
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

		private void retryAfter(Duration delay) {
			cancelRetry();
			this.retry = LeasedRegistrations.this.loop.schedule(this::reconcile, delay);
		}

		private void cancelRetry() {
			if (this.retry != null) {
				this.retry.cancel(false);
			}
		}

		void remove(CompletableFuture<Void> outcome) {
			release();
			this.removal = outcome;
			reconcile();
		}

		void release() {
			cancelRetry();
			this.reflector.close();
			firstTryFailed(new EtcdAccessException(Kind.CANCELLED, "the registration was given up", null));
		}

		private static long modRevision(Optional<Entry> found) {
			return found.map(Entry::modRevision).orElse(0L);
		}

	}

}
