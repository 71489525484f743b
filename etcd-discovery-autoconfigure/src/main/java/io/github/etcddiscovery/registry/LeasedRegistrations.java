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
import io.github.etcddiscovery.lease.Standing.Owned;
import io.github.etcddiscovery.lease.Standing.Leaving;
import io.github.etcddiscovery.lease.Standing.Lost;
import io.github.etcddiscovery.lease.Standing.Pending;
import io.github.etcddiscovery.lease.Standing.Yielded;
import io.github.etcddiscovery.registry.RegistrationChange.Type;
import io.github.etcddiscovery.watch.KeyRange;
import io.github.etcddiscovery.watch.ListerWatcher;
import org.jspecify.annotations.Nullable;

/**
 * The registrations of this process: its {@link LeasedKeys}, in the words of service
 * registries. Safe for use by any thread.
 */
public final class LeasedRegistrations {

	private final LeasedKeys keys;

	/**
	 * Create registrations; nothing is asked of etcd before the first one.
	 * @param store etcd
	 * @param watches how to watch a key
	 * @param lease the lease to put them under, whose loop owns the state
	 * @param requestTimeout how long etcd may take to set a watch up
	 * @param listener is told what becomes of the registrations, on the loop: it must
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
		// What was leaving was deregistered then
		return (last instanceof Leaving) ? null : Type.DEREGISTERED;
	}

	/**
	 * Register under a key of this process's own, or change the value of a key that is
	 * registered.
	 * @param key the key
	 * @param value the value
	 * @param sameAddress whether another value has the address that this one has
	 * @return completes when the key stands in etcd, or fails when the first try failed:
	 * further tries follow all the same
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
	 * when the first try failed: further tries follow all the same
	 */
	public CompletableFuture<Void> register(String key, String value, Predicate<String> sameAddress, boolean shared) {
		return this.keys.keep(key, value, sameAddress, shared);
	}

	/**
	 * Change the value of a key, but only if it is registered or being registered.
	 * @param key the key
	 * @param value the value
	 * @param sameAddress whether another value has the address that this one has
	 * @return completes when the value stands in etcd, or when there is nothing to
	 * change; fails when the first try failed: further tries follow all the same
	 */
	public CompletableFuture<Void> update(String key, String value, Predicate<String> sameAddress) {
		return this.keys.update(key, value, sameAddress);
	}

	/**
	 * Give a key up.
	 * @param key the key
	 * @return completes when the key is gone, or fails when the first try failed: further
	 * tries follow all the same, and at the latest the key goes with the lease
	 */
	public CompletableFuture<Void> deregister(String key) {
		return this.keys.giveUp(key);
	}

	/**
	 * Take a key away, for as long as what stands there can't say what it should.
	 * @param key the key
	 * @return completes when the key is gone, or fails when the first try failed: further
	 * tries follow all the same
	 */
	CompletableFuture<Void> withdraw(String key) {
		return this.keys.withdraw(key);
	}

	/**
	 * Give all keys up, for good.
	 * @return completes when they are gone; fails when etcd could not be told, in which
	 * case they go with the lease
	 */
	public CompletableFuture<Void> close() {
		return this.keys.close();
	}

	/**
	 * The lease now.
	 * @return the status
	 */
	public LeaseStatus status() {
		return this.keys.status();
	}

	/**
	 * Whether the key stands in etcd, as far as this process can know: never later than
	 * its lease could have ended.
	 * @param key the key
	 * @return {@code true} if it does
	 */
	public boolean isRegistered(String key) {
		return this.keys.isOwned(key);
	}

	/**
	 * Whether others may go by the key: it stands in etcd or did until it was lost, or
	 * another instance that shares it holds it.
	 * @param key the key
	 * @return {@code true} if they may
	 */
	boolean hasStood(String key) {
		RegistrationState state = state(key);
		return state != RegistrationState.PENDING && state != RegistrationState.CONFLICTED;
	}

	/**
	 * How a registration stands.
	 * @param key its key
	 * @return the state; {@link RegistrationState#PENDING} also for what is not known
	 */
	public RegistrationState state(String key) {
		return state(key, this.keys.standings().get(key));
	}

	/**
	 * How the registrations of this process stand.
	 * @return the state by key, of those that have come about and were not given up
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
	 * @return the counts
	 */
	public Tally<LossCause> recoveries() {
		return this.keys.recoveries();
	}

}
