package io.github.etcddiscovery.registry;

import java.time.Duration;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.function.Consumer;
import java.util.function.Function;
import java.util.function.Predicate;
import java.util.stream.Collectors;

import io.github.etcddiscovery.core.Tally;
import io.github.etcddiscovery.lease.LeaseStatus;
import io.github.etcddiscovery.lease.LeaseStore;
import io.github.etcddiscovery.lease.LeasedKeys;
import io.github.etcddiscovery.lease.LossCause;
import io.github.etcddiscovery.lease.ProcessLease;
import io.github.etcddiscovery.lease.Standing;
import io.github.etcddiscovery.lease.Standing.Leaving;
import io.github.etcddiscovery.lease.Standing.Lost;
import io.github.etcddiscovery.lease.Standing.Owned;
import io.github.etcddiscovery.lease.Standing.Pending;
import io.github.etcddiscovery.lease.Standing.Yielded;
import io.github.etcddiscovery.registry.RegistrationChange.Type;
import io.github.etcddiscovery.watch.KeyRange;
import io.github.etcddiscovery.watch.ListerWatcher;
import org.jspecify.annotations.Nullable;

/**
 * The registrations of this process: its {@link LeasedKeys} in the vocabulary of service
 * registries. Safe for use by any thread.
 */
public final class LeasedRegistrations {

	private final LeasedKeys keys;

	/**
	 * Create an empty set of registrations. Nothing is requested from etcd before the
	 * first one, unless it is prepared.
	 * @param store reads and writes keys
	 * @param watches makes the watch of a key
	 * @param lease the lease to attach the keys to, whose loop owns the state
	 * @param requestTimeout how long etcd may take to set a watch up
	 * @param listener is told of changes of the registrations, on the loop; it must
	 * neither block nor throw
	 */
	public LeasedRegistrations(LeaseStore store, Function<KeyRange, ListerWatcher> watches, ProcessLease lease,
			Duration requestTimeout, Consumer<RegistrationChange> listener) {
		this.keys = new LeasedKeys(store, watches, lease, requestTimeout, (key, last, next, leaseId, reason) -> {
			Type type = type(last, next);
			if (type != null) {
				listener.accept(new RegistrationChange(type, key, leaseId, reason));
			}
		});
	}

	private static @Nullable Type type(Standing last, Standing next) {
		if (next instanceof Owned) {
			return last.hasBeenOwned() ? Type.RECOVERED : Type.REGISTERED;
		}
		if (next instanceof Lost) {
			return Type.LOST;
		}
		if (next instanceof Yielded yielded) {
			return yielded.shared() ? Type.STANDING_BY : Type.CONFLICTED;
		}
		// A key that was leaving was already reported as deregistered
		return (last instanceof Leaving) ? null : Type.DEREGISTERED;
	}

	/**
	 * Request the lease now, so that the first registration need not wait for it.
	 */
	void prepare() {
		this.keys.prepare();
	}

	/**
	 * Give the lease up if nothing is registered.
	 * @return completes when the lease is revoked, or at once when there is nothing to
	 * revoke
	 */
	CompletableFuture<Void> release() {
		return this.keys.release();
	}

	/**
	 * Register under a key that no other process shares, or change the value of a
	 * registered key.
	 * @param key the key
	 * @param value the value
	 * @param sameAddress whether another value contains the same address as this one
	 * @return completes when the key is in etcd; fails when the first try failed, and
	 * retries follow
	 */
	public CompletableFuture<Void> register(String key, String value, Predicate<String> sameAddress) {
		return register(key, value, sameAddress, false);
	}

	/**
	 * Register under a key, or change the value of a registered key.
	 * @param key the key
	 * @param value the value
	 * @param sameAddress whether another value contains the same address as this one
	 * @param shared whether another process may own the key; this one then stands by
	 * @return completes when the key is in etcd or this process stands by; fails when the
	 * first try failed, and retries follow
	 */
	public CompletableFuture<Void> register(String key, String value, Predicate<String> sameAddress, boolean shared) {
		return this.keys.keep(key, value, sameAddress, shared);
	}

	/**
	 * Change the value of a key that is registered or being registered. Has no effect on
	 * any other key.
	 * @param key the key
	 * @param value the value
	 * @param sameAddress whether another value contains the same address as this one
	 * @return completes when the value is in etcd, or when there is nothing to change;
	 * fails when the first try failed, and retries follow
	 */
	public CompletableFuture<Void> update(String key, String value, Predicate<String> sameAddress) {
		return this.keys.update(key, value, sameAddress);
	}

	/**
	 * Deregister a key.
	 * @param key the key
	 * @return completes when the key is gone; fails when the first try to delete it
	 * failed. Retries follow, and the end of the lease deletes the key at the latest
	 */
	public CompletableFuture<Void> deregister(String key) {
		return this.keys.giveUp(key);
	}

	/**
	 * Withdraw a key whose format can't express the status of its instance.
	 * @param key the key
	 * @return completes when the key is gone; fails when the first try failed, and
	 * retries follow
	 */
	CompletableFuture<Void> withdraw(String key) {
		return this.keys.withdraw(key);
	}

	/**
	 * Deregister all keys, for good.
	 * @return completes when they are gone; fails when etcd could not be reached, in
	 * which case they are deleted when the lease ends
	 */
	public CompletableFuture<Void> close() {
		return this.keys.close();
	}

	/**
	 * The current status of the lease.
	 * @return the status
	 */
	public LeaseStatus status() {
		return this.keys.status();
	}

	/**
	 * Whether a key is registered, as far as this process can know: never beyond the time
	 * at which its lease may have ended.
	 * @param key the key
	 * @return {@code true} if the key is in etcd under the lease of this process
	 */
	public boolean isRegistered(String key) {
		return this.keys.isOwned(key);
	}

	/**
	 * Whether other processes may be using the key: it is in etcd, or was until it was
	 * lost, or another instance that shares it owns it.
	 * @param key the key
	 * @return {@code true} if they may
	 */
	boolean hasStood(String key) {
		RegistrationState state = state(key);
		return state != RegistrationState.PENDING && state != RegistrationState.CONFLICTED;
	}

	/**
	 * The state of a registration.
	 * @param key the key of the registration
	 * @return the state; {@link RegistrationState#PENDING} for an unknown key
	 */
	public RegistrationState state(String key) {
		return state(key, this.keys.standings().get(key));
	}

	/**
	 * The states of the registrations of this process.
	 * @return the state by key; a key is missing before its first try and after it was
	 * deregistered
	 */
	public Map<String, RegistrationState> states() {
		return this.keys.standings()
			.entrySet()
			.stream()
			.collect(Collectors.toMap(Map.Entry::getKey, (entry) -> state(entry.getKey(), entry.getValue())));
	}

	private RegistrationState state(String key, @Nullable Standing standing) {
		if (standing == null || standing instanceof Pending) {
			return RegistrationState.PENDING;
		}
		if (standing instanceof Yielded yielded) {
			return yielded.shared() ? RegistrationState.STANDING_BY : RegistrationState.CONFLICTED;
		}
		return isRegistered(key) ? RegistrationState.REGISTERED : RegistrationState.LOST;
	}

	/**
	 * How often a registration had to be put back, by cause.
	 * @return the counts since the start
	 */
	public Tally<LossCause> recoveries() {
		return this.keys.recoveries();
	}

}
