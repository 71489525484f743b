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
import io.github.etcddiscovery.lease.Standing.Leaving;
import io.github.etcddiscovery.lease.Standing.Lost;
import io.github.etcddiscovery.lease.Standing.Owned;
import io.github.etcddiscovery.lease.Standing.Yielded;
import io.github.etcddiscovery.watch.KeyRange;
import io.github.etcddiscovery.watch.ListerWatcher;
import org.jspecify.annotations.Nullable;

/**
 * Keeps the keys of this process in etcd under one lease, whatever happens to etcd, the
 * network or the keys. This class guarantees:
 * <ul>
 * <li>From {@code keep} to {@code giveUp} a key is kept without a limit on retries: the
 * lease is renewed, a new one is granted when it has ended ({@link ProcessLease}), and
 * each key is put back when it is missing or changed ({@link Claim}).
 * <li>The key of another live process is never overwritten or deleted
 * ({@link Ownership}).
 * <li>No key counts as owned once the lease was not renewed for its whole time to live.
 * <li>A key that is given up is deleted from etcd: by itself while other keys are left,
 * together with the lease when it is the last one and the lease has no other tenant. A
 * key that is withdrawn is deleted, and the lease stays.
 * </ul>
 * All state is confined to the loop. The methods can be called from any thread.
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
	 * Create an empty set of keys. Nothing is requested from etcd before the first key,
	 * unless the lease is prepared.
	 * @param store reads and writes keys
	 * @param watches makes the watch of a key
	 * @param lease the lease to attach the keys to, whose loop owns the state
	 * @param requestTimeout how long etcd may take to set a watch up
	 * @param listener is told when the standing of a key changes
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
	 * Request the lease now, so that the first key need not wait for it.
	 */
	public void prepare() {
		this.loop.execute(() -> {
			if (!this.tenant.isClosed()) {
				this.tenant.prepare();
			}
		});
	}

	/**
	 * Give the lease up if there is no key. It is requested again with the next key.
	 * @return completes when the lease is revoked, or at once when there is nothing to
	 * revoke
	 */
	public CompletableFuture<Void> release() {
		CompletableFuture<Void> released = new CompletableFuture<>();
		this.loop.execute(() -> releaseUnused().whenComplete(Outcomes.into(released)));
		return released;
	}

	private CompletableFuture<Void> releaseUnused() {
		return (this.claims.isEmpty() && !this.tenant.isClosed()) ? this.tenant.giveUp(State.IDLE)
				: CompletableFuture.completedFuture(null);
	}

	/**
	 * Keep a key with a value, or change the value of a key that is kept.
	 * @param key the key
	 * @param value the wanted value
	 * @param sameAddress whether another value contains the same address as this one
	 * @param shared whether another process may own the key; this one then stands by
	 * @return completes when the key is in etcd or this process stands by; fails when the
	 * first try failed, and retries follow
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
	 * Change the value of a key that is kept. Has no effect on any other key.
	 * @param key the key
	 * @param value the wanted value
	 * @param sameAddress whether another value contains the same address as this one
	 * @return completes when the value is in etcd, or when there is nothing to change;
	 * fails when the first try failed, and retries follow
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
	 * @return completes when the key is gone; fails when the first try to delete it
	 * failed. Retries follow, and the end of the lease deletes the key at the latest
	 */
	public CompletableFuture<Void> giveUp(String key) {
		CompletableFuture<Void> firstTry = new CompletableFuture<>();
		this.loop.execute(() -> {
			Claim claim = this.claims.get(key);
			if (claim == null) {
				releaseUnused().whenComplete(Outcomes.into(firstTry));
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
	 * Delete a key and keep the lease, whether or not there are other keys. Other
	 * processes that miss the key see that its lease is alive, so they know that this
	 * process has not crashed.
	 * @param key the key
	 * @return completes when the key is gone; fails when the first try failed, and
	 * retries follow
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
	 * @return completes when they are gone; fails when etcd could not be reached, in
	 * which case they are deleted when the lease ends
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
	 * The current status of the lease.
	 * @return the status
	 */
	public LeaseStatus status() {
		return this.lease.status();
	}

	/**
	 * The standing of each key.
	 * @return the standing by key; a key is missing before its first try and after it was
	 * given up
	 */
	public Map<String, Standing> standings() {
		return this.standings;
	}

	/**
	 * Whether this process owns a key, as far as it can know: never beyond the time at
	 * which its lease may have ended.
	 * @param key the key
	 * @return {@code true} if the key is in etcd under the lease of this process
	 */
	public boolean isOwned(String key) {
		return this.standings.get(key) instanceof Owned && !status().remaining().isZero();
	}

	/**
	 * How often a key had to be put back, by cause.
	 * @return the counts since the start
	 */
	public Tally<LossCause> recoveries() {
		return this.recoveries;
	}

	/**
	 * Is told when the standing of a key changes, on the loop. It must neither block nor
	 * throw.
	 */
	@FunctionalInterface
	public interface Listener {

		/**
		 * The standing of a key changed.
		 * @param key the key
		 * @param last the standing before
		 * @param next the standing now
		 * @param leaseId the id of the lease, or 0 when there is none
		 * @param reason a sentence for people, or {@code null}
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
