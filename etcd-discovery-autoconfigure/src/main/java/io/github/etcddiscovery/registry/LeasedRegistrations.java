package io.github.etcddiscovery.registry;

import java.time.Duration;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.function.Consumer;
import java.util.function.Function;
import java.util.function.Predicate;

import io.github.etcddiscovery.core.EtcdAccessException;
import io.github.etcddiscovery.core.EventLoop;
import io.github.etcddiscovery.core.Monitor;
import io.github.etcddiscovery.core.Outcomes;
import io.github.etcddiscovery.core.Tally;
import io.github.etcddiscovery.registry.LeaseStatus.State;
import io.github.etcddiscovery.registry.RegistrationChange.Type;
import io.github.etcddiscovery.watch.KeyRange;
import io.github.etcddiscovery.watch.ListerWatcher;
import org.jspecify.annotations.Nullable;

/**
 * Keeps the registrations of this process in etcd under one lease, whatever happens to
 * etcd, the network or the keys. What it guarantees:
 * <ul>
 * <li>From {@code register} to {@code deregister} it never gives up: the lease is renewed
 * and, when it has ended, granted anew ({@link ProcessLease}), and each key is put back
 * when it is missing or changed ({@link Claim}).
 * <li>Nothing of another live process is ever overwritten or deleted ({@link Ownership}).
 * <li>This process does not claim to be registered once its lease was not renewed for its
 * whole time.
 * <li>What is given up is taken out of etcd: key by key while other registrations are
 * left, together with the lease when it is the last.
 * </ul>
 * All state is confined to the loop; the methods can be called from any thread.
 */
public final class LeasedRegistrations {

	private final LeaseStore store;

	private final Function<KeyRange, ListerWatcher> watches;

	private final EventLoop loop;

	private final Duration requestTimeout;

	private final Consumer<RegistrationChange> listener;

	private final Tally<LossCause> recoveries = new Tally<>(LossCause.class);

	private final ProcessLease lease;

	private final Map<String, Claim> claims = new LinkedHashMap<>();

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
	 * @param monitor is told of renewals
	 */
	public LeasedRegistrations(LeaseStore store, Function<KeyRange, ListerWatcher> watches, EventLoop loop,
			Duration ttl, Duration requestTimeout, Consumer<RegistrationChange> listener, Monitor monitor) {
		this.store = store;
		this.watches = watches;
		this.loop = loop;
		this.requestTimeout = requestTimeout;
		this.listener = listener;
		this.lease = new ProcessLease(store, loop, ttl, monitor, new LeaseListener());
	}

	/**
	 * Register under a key of this process's own, or change the value of a key that is
	 * registered.
	 * @param key the key
	 * @param value the value
	 * @param sameAddress whether another value has the address that this one has
	 * @return completes when the key stands in etcd, or fails when the first try failed:
	 * it is tried on all the same
	 */
	public CompletableFuture<Void> register(String key, String value, Predicate<String> sameAddress) {
		return register(key, value, sameAddress, false);
	}

	/**
	 * Register under a key, or change the value of a key that is registered.
	 * @param key the key
	 * @param value the value
	 * @param sameAddress whether another value has the address that this one has
	 * @param shared whether it is as it should be when another process holds the key:
	 * then this one stands by
	 * @return completes when the key stands in etcd or this process stands by, or fails
	 * when the first try failed: it is tried on all the same
	 */
	public CompletableFuture<Void> register(String key, String value, Predicate<String> sameAddress, boolean shared) {
		CompletableFuture<Void> outcome = new CompletableFuture<>();
		this.loop.execute(() -> {
			if (this.lease.isClosed()) {
				outcome.completeExceptionally(new IllegalStateException("The registry is closed"));
				return;
			}
			Claim claim = this.claims.computeIfAbsent(key, this::newClaim);
			claim.want(value, sameAddress, outcome);
			claim.share(shared);
			this.lease.open();
			claim.reconcile();
		});
		return outcome;
	}

	private Claim newClaim(String key) {
		return new Claim(key, this.lease, this.store, this.watches, this.loop, this.requestTimeout, new ClaimOwner());
	}

	/**
	 * Change the value of a key, but only if it is registered or being registered.
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
			if (claim == null || !claim.isWanted()) {
				outcome.complete(null);
				return;
			}
			claim.want(value, sameAddress, outcome);
			claim.reconcile();
		});
		return outcome;
	}

	/**
	 * Give a key up.
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
			boolean first = claim.isWanted();
			claim.leave(outcome);
			if (this.claims.values().stream().noneMatch(Claim::isWanted)) {
				giveUp(State.IDLE);
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
	 * Give all keys up, for good.
	 * @return completes when they are gone; fails when etcd could not be told, in which
	 * case they go with the lease
	 */
	public CompletableFuture<Void> close() {
		CompletableFuture<Void> outcome = new CompletableFuture<>();
		this.loop.execute(() -> {
			List<String> wanted = this.claims.values().stream().filter(Claim::isWanted).map(Claim::key).toList();
			giveUp(State.CLOSED).whenComplete(Outcomes.into(outcome));
			wanted.forEach((key) -> tell(Type.DEREGISTERED, key, null));
		});
		return outcome;
	}

	private CompletableFuture<Void> giveUp(State next) {
		CompletableFuture<Void> revoked = this.lease.giveUp(next);
		List<Claim> last = List.copyOf(this.claims.values());
		this.claims.clear();
		last.forEach((claim) -> claim.endWith(revoked));
		return revoked;
	}

	/**
	 * The lease now.
	 * @return the status
	 */
	public LeaseStatus status() {
		return this.lease.status();
	}

	/**
	 * Whether the key stands in etcd, as far as this process can know: never later than
	 * its lease could have ended.
	 * @param key the key
	 * @return {@code true} if it does
	 */
	public boolean isRegistered(String key) {
		Type last = this.published.get(key);
		return (last == Type.REGISTERED || last == Type.RECOVERED) && !status().remaining().isZero();
	}

	/**
	 * What happened to each registration last.
	 * @return the last change by key, of those not given up
	 */
	public Map<String, Type> lastChanges() {
		return this.published;
	}

	/**
	 * How a registration stands.
	 * @param key its key
	 * @return the state; {@link RegistrationState#PENDING} also for what is not known
	 */
	public RegistrationState state(String key) {
		Type last = this.published.get(key);
		if (last == null) {
			return RegistrationState.PENDING;
		}
		return switch (last) {
			case CONFLICTED -> RegistrationState.CONFLICTED;
			case STANDING_BY -> RegistrationState.STANDING_BY;
			default -> isRegistered(key) ? RegistrationState.REGISTERED : RegistrationState.LOST;
		};
	}

	/**
	 * How often a registration had to be put back, by cause.
	 * @return the counts
	 */
	public Tally<LossCause> recoveries() {
		return this.recoveries;
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

	private final class LeaseListener implements ProcessLease.Listener {

		@Override
		public void held() {
			LeasedRegistrations.this.claims.values().forEach(Claim::reconcile);
		}

		@Override
		public void lost(LossCause cause, String reason) {
			LeasedRegistrations.this.claims.values().forEach((claim) -> claim.lost(cause, reason));
		}

		@Override
		public void refused(EtcdAccessException failure) {
			LeasedRegistrations.this.claims.values().forEach((claim) -> claim.firstTryFailed(failure));
		}

	}

	private final class ClaimOwner implements Claim.Owner {

		@Override
		public void removed(String key) {
			LeasedRegistrations.this.claims.remove(key);
		}

		@Override
		public void tell(Type type, String key, @Nullable String reason) {
			LeasedRegistrations.this.tell(type, key, reason);
		}

		@Override
		public void recovered(LossCause cause) {
			LeasedRegistrations.this.recoveries.add(cause);
		}

	}

}
