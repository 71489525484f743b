package io.github.etcddiscovery.lease;

import java.time.Duration;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.function.Function;
import java.util.function.Predicate;

import io.github.etcddiscovery.core.EtcdAccessException;
import io.github.etcddiscovery.core.EventLoop;
import io.github.etcddiscovery.core.Outcomes;
import io.github.etcddiscovery.core.Tally;
import io.github.etcddiscovery.lease.Goal.Keep;
import io.github.etcddiscovery.lease.LeaseStatus.State;
import io.github.etcddiscovery.lease.Standing.Ended;
import io.github.etcddiscovery.lease.Standing.Owned;
import io.github.etcddiscovery.lease.Standing.Leaving;
import io.github.etcddiscovery.lease.Standing.Lost;
import io.github.etcddiscovery.lease.Standing.Yielded;
import io.github.etcddiscovery.watch.KeyRange;
import io.github.etcddiscovery.watch.ListerWatcher;
import org.jspecify.annotations.Nullable;

/**
 * Keeps the keys of this process in etcd under one lease, whatever happens to etcd, the
 * network or the keys. What it guarantees:
 * <ul>
 * <li>From {@code keep} to {@code giveUp} it never gives up by itself: the lease is
 * renewed and, when it has ended, granted anew ({@link ProcessLease}), and each key is
 * put back when it is missing or changed ({@link Claim}).
 * <li>Nothing of another live process is ever overwritten or deleted ({@link Ownership}).
 * <li>No key counts as held once the lease was not renewed for its whole time.
 * <li>What is given up is taken out of etcd: key by key while other keys are left,
 * together with the lease when it is the last and nobody else is a tenant of the lease.
 * What is withdrawn is taken out without the lease, which then ends by itself.
 * </ul>
 * All state is confined to the loop; the methods can be called from any thread.
 */
public final class LeasedKeys {

	private final LeaseStore store;

	private final Function<KeyRange, ListerWatcher> watches;

	private final EventLoop loop;

	private final Duration requestTimeout;

	private final Listener listener;

	private final Tally<LossCause> recoveries = new Tally<>(LossCause.class);

	private final ProcessLease lease;

	private final ProcessLease.Tenant tenant;

	private final Map<String, Claim> claims = new LinkedHashMap<>();

	private volatile Map<String, Standing> standings = Map.of();

	/**
	 * Create the keys of a process; nothing is asked of etcd before the first one.
	 * @param store etcd
	 * @param watches how to watch a key
	 * @param lease the lease to put them under, whose loop owns the state
	 * @param requestTimeout how long etcd may take to set a watch up
	 * @param listener is told what becomes of the keys
	 */
	public LeasedKeys(LeaseStore store, Function<KeyRange, ListerWatcher> watches, ProcessLease lease,
			Duration requestTimeout, Listener listener) {
		this.store = store;
		this.watches = watches;
		this.loop = lease.loop();
		this.requestTimeout = requestTimeout;
		this.listener = listener;
		this.lease = lease;
		this.tenant = lease.join(new LeaseListener());
	}

	/**
	 * Keep a key with a value, or change the value of a key that is kept.
	 * @param key the key
	 * @param value the value
	 * @param sameAddress whether another value has the address that this one has
	 * @param shared whether it is as it should be when another process holds the key:
	 * then this one stands by
	 * @return completes when the key stands in etcd or this process stands by, or fails
	 * when the first try failed: further tries follow all the same
	 */
	public CompletableFuture<Void> keep(String key, String value, Predicate<String> sameAddress, boolean shared) {
		CompletableFuture<Void> firstTry = new CompletableFuture<>();
		this.loop.execute(() -> {
			if (this.tenant.isClosed()) {
				firstTry.completeExceptionally(new IllegalStateException("The registry is closed"));
				return;
			}
			Keep goal = new Keep(value, sameAddress, shared, firstTry);
			Claim claim = this.claims.get(key);
			if (claim == null) {
				claim = new Claim(key, goal, this.lease, this.store, this.watches, this.loop, this.requestTimeout,
						new ClaimOwner());
				this.claims.put(key, claim);
			}
			else {
				claim.keep(goal);
			}
			this.tenant.open();
			claim.reconcile();
		});
		return firstTry;
	}

	/**
	 * Change the value of a key, but only if it is kept.
	 * @param key the key
	 * @param value the value
	 * @param sameAddress whether another value has the address that this one has
	 * @return completes when the value stands in etcd, or when there is nothing to
	 * change; fails when the first try failed: further tries follow all the same
	 */
	public CompletableFuture<Void> update(String key, String value, Predicate<String> sameAddress) {
		CompletableFuture<Void> firstTry = new CompletableFuture<>();
		this.loop.execute(() -> {
			Claim claim = this.claims.get(key);
			if (claim == null || !claim.isWanted()) {
				firstTry.complete(null);
				return;
			}
			claim.revise(value, sameAddress, firstTry);
			claim.reconcile();
		});
		return firstTry;
	}

	/**
	 * Give a key up.
	 * @param key the key
	 * @return completes when the key is gone, or fails when the first try failed: further
	 * tries follow all the same, and at the latest the key goes with the lease
	 */
	public CompletableFuture<Void> giveUp(String key) {
		CompletableFuture<Void> firstTry = new CompletableFuture<>();
		this.loop.execute(() -> {
			Claim claim = this.claims.get(key);
			if (claim == null) {
				CompletableFuture<Void> done = this.claims.isEmpty() ? this.tenant.giveUp(State.IDLE)
						: CompletableFuture.completedFuture(null);
				done.whenComplete(Outcomes.into(firstTry));
			}
			else if (this.claims.values().stream().anyMatch((other) -> other != claim && other.isWanted())) {
				claim.leave(firstTry);
				claim.reconcile();
			}
			else if (this.tenant.isAlone()) {
				CompletableFuture<Void> revoked = this.tenant.giveUp(State.IDLE);
				this.claims.remove(key);
				claim.endWith(revoked, firstTry);
				endAllWith(revoked);
			}
			else {
				this.tenant.giveUp(State.IDLE);
				claim.leave(firstTry);
				claim.reconcile();
			}
		});
		return firstTry;
	}

	/**
	 * Take a key away and keep the lease, whether or not there are other keys: whoever
	 * misses the key finds that its lease lives, so nothing has happened to this process.
	 * @param key the key
	 * @return completes when the key is gone, or fails when the first try failed: further
	 * tries follow all the same
	 */
	public CompletableFuture<Void> withdraw(String key) {
		CompletableFuture<Void> firstTry = new CompletableFuture<>();
		this.loop.execute(() -> {
			Claim claim = this.claims.get(key);
			if (claim == null) {
				firstTry.complete(null);
			}
			else {
				claim.leave(firstTry);
				claim.reconcile();
			}
		});
		return firstTry;
	}

	/**
	 * Give all keys up, for good.
	 * @return completes when they are gone; fails when etcd could not be told, in which
	 * case they go with the lease
	 */
	public CompletableFuture<Void> close() {
		CompletableFuture<Void> closed = new CompletableFuture<>();
		this.loop.execute(() -> {
			boolean alone = this.tenant.isAlone();
			CompletableFuture<Void> revoked = this.tenant.giveUp(State.CLOSED);
			if (alone) {
				revoked.whenComplete(Outcomes.into(closed));
				endAllWith(revoked);
			}
			else {
				leaveAll().whenComplete(Outcomes.into(closed));
			}
		});
		return closed;
	}

	private CompletableFuture<Void> leaveAll() {
		List<CompletableFuture<Void>> tries = new ArrayList<>();
		List.copyOf(this.claims.values()).forEach((claim) -> {
			CompletableFuture<Void> firstTry = new CompletableFuture<>();
			tries.add(firstTry);
			claim.leave(firstTry);
			claim.reconcile();
		});
		return CompletableFuture.allOf(tries.toArray(CompletableFuture[]::new));
	}

	private void endAllWith(CompletableFuture<Void> revoked) {
		List<Claim> last = List.copyOf(this.claims.values());
		this.claims.clear();
		last.forEach((claim) -> claim.endWith(revoked));
	}

	/**
	 * The lease now.
	 * @return the status
	 */
	public LeaseStatus status() {
		return this.lease.status();
	}

	/**
	 * How the keys stand.
	 * @return the standing by key, of those that something has become of and that were
	 * not given up
	 */
	public Map<String, Standing> standings() {
		return this.standings;
	}

	/**
	 * Whether a key stands in etcd, as far as this process can know: never later than its
	 * lease could have ended.
	 * @param key the key
	 * @return {@code true} if it does
	 */
	public boolean isOwned(String key) {
		return this.standings.get(key) instanceof Owned && !status().remaining().isZero();
	}

	/**
	 * How often a key had to be put back, by cause.
	 * @return the counts
	 */
	public Tally<LossCause> recoveries() {
		return this.recoveries;
	}

	/**
	 * Is told what becomes of the keys, on the loop: it must neither block nor throw.
	 */
	@FunctionalInterface
	public interface Listener {

		/**
		 * The standing of a key changed.
		 * @param key the key
		 * @param last how it stood
		 * @param next how it stands now
		 * @param leaseId the lease, or 0 when there is none
		 * @param reason why, for people; {@code null} when there is nothing to say
		 */
		void changed(String key, Standing last, Standing next, long leaseId, @Nullable String reason);

	}

	private final class LeaseListener implements ProcessLease.Listener {

		@Override
		public String purpose() {
			return "register";
		}

		@Override
		public void alive() {
			LeasedKeys.this.claims.values().forEach(Claim::reconcile);
		}

		@Override
		public void lost(LossCause cause, String reason) {
			LeasedKeys.this.claims.values().forEach((claim) -> claim.lost(cause, reason));
		}

		@Override
		public void refused(EtcdAccessException failure) {
			LeasedKeys.this.claims.values().forEach((claim) -> claim.refused(failure));
		}

	}

	private final class ClaimOwner implements Claim.Owner {

		@Override
		public void changed(Claim claim, Standing last, Standing next, @Nullable String reason) {
			if (next instanceof Ended) {
				LeasedKeys.this.claims.remove(claim.key(), claim);
			}
			publish(claim.key(), next);
			LeasedKeys.this.listener.changed(claim.key(), last, next, LeasedKeys.this.lease.id(), reason);
			if (next instanceof Owned && last instanceof Lost lost) {
				restored(lost.cause());
			}
			else if (next instanceof Owned && last instanceof Yielded && last.hasBeenOwned()) {
				restored(LossCause.CONFLICT);
			}
		}

		private void publish(String key, Standing standing) {
			Map<String, Standing> standings = new LinkedHashMap<>(LeasedKeys.this.standings);
			if (standing instanceof Leaving || standing instanceof Ended) {
				standings.remove(key);
			}
			else {
				standings.put(key, standing);
			}
			LeasedKeys.this.standings = Map.copyOf(standings);
		}

		@Override
		public void restored(LossCause cause) {
			LeasedKeys.this.recoveries.add(cause);
		}

	}

}
