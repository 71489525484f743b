package io.github.etcddiscovery.coordination.shedlock;

import java.time.Duration;
import java.util.Objects;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;

import io.github.etcddiscovery.core.EtcdAccessException;
import io.github.etcddiscovery.core.EventLoop;
import io.github.etcddiscovery.lease.LeaseStore;
import io.github.etcddiscovery.watch.Entry;
import net.javacrumbs.shedlock.core.AbstractSimpleLock;
import net.javacrumbs.shedlock.core.ClockProvider;
import net.javacrumbs.shedlock.core.ExtensibleLockProvider;
import net.javacrumbs.shedlock.core.LockConfiguration;
import net.javacrumbs.shedlock.core.SimpleLock;
import net.javacrumbs.shedlock.support.LockException;

/**
 * A lock provider for ShedLock, whose locks can be extended. Each lock is a key under a
 * lease of its own that is not renewed, so it ends after {@code lockAtMostFor} even if
 * the process has died. As leases of etcd last whole seconds, and at least about two, the
 * process deletes the key at the exact time if it can. Safe for use by any thread.
 */
public final class EtcdShedLockProvider implements ExtensibleLockProvider {

	private final LeaseStore store;

	private final String prefix;

	private final String id;

	private final EventLoop loop;

	private final Duration timeout;

	/**
	 * Create a provider.
	 * @param store etcd
	 * @param prefix the prefix of the keys
	 * @param id the value of the keys
	 * @param loop tells the time; not closed here
	 * @param requestTimeout the deadline of a request
	 */
	public EtcdShedLockProvider(LeaseStore store, String prefix, String id, EventLoop loop, Duration requestTimeout) {
		this.store = store;
		this.prefix = prefix + "/shedlock/";
		this.id = id;
		this.loop = loop;
		// The store has the same deadline, and its failure says more
		this.timeout = requestTimeout.plusSeconds(1);
	}

	@Override
	public Optional<SimpleLock> lock(LockConfiguration configuration) {
		String key = this.prefix + configuration.getName();
		long lease = await(key, this.store.grant(wholeSeconds(configuration.getLockAtMostFor())));
		boolean locked = false;
		try {
			locked = await(key, this.store.put(key, this.id, lease, 0));
		}
		finally {
			if (!locked) {
				this.store.revoke(lease);
			}
		}
		return locked ? Optional.of(new EtcdSimpleLock(configuration, key, lease)) : Optional.empty();
	}

	private static Duration wholeSeconds(Duration time) {
		return Duration.ofSeconds(Math.max(1, time.plusNanos(999_999_999).toSeconds()));
	}

	private <T> T await(String key, CompletableFuture<T> answer) {
		try {
			return answer.get(this.timeout.toMillis(), TimeUnit.MILLISECONDS);
		}
		catch (ExecutionException | TimeoutException ex) {
			throw new LockException(
					"Lock '%s' can't be acquired or extended: %s"
						.formatted(key,
								(ex instanceof TimeoutException) ? "no answer"
										: EtcdAccessException.of(Objects.requireNonNull(ex.getCause())).describe()),
					ex);
		}
		catch (InterruptedException ex) {
			Thread.currentThread().interrupt();
			throw new LockException("Interrupted while acquiring or extending lock '%s'".formatted(key), ex);
		}
	}

	/**
	 * Delete the key at its exact end.
	 */
	private Future<?> endAfter(long lease, Duration time) {
		return this.loop.schedule(() -> this.store.revoke(lease), time);
	}

	/**
	 * Attach a key to another lease, if it is still attached to the present one.
	 * @return whether it was
	 */
	private boolean move(String key, long lease, long next) {
		Optional<Entry> entry = await(key, this.store.read(key));
		boolean moved = entry.isPresent() && entry.get().lease() == lease
				&& await(key, this.store.put(key, this.id, next, entry.get().modRevision()));
		this.store.revoke(moved ? lease : next);
		return moved;
	}

	private final class EtcdSimpleLock extends AbstractSimpleLock {

		private final String key;

		private final long lease;

		private final Future<?> end;

		EtcdSimpleLock(LockConfiguration configuration, String key, long lease) {
			super(configuration);
			this.key = key;
			this.lease = lease;
			this.end = endAfter(lease, configuration.getLockAtMostFor());
		}

		@Override
		protected void doUnlock() {
			Duration rest = Duration.between(ClockProvider.now(), this.lockConfiguration.getLockAtLeastUntil());
			if (rest.isNegative() || rest.isZero()) {
				await(this.key, EtcdShedLockProvider.this.store.revoke(this.lease));
			}
			else {
				long next = await(this.key, EtcdShedLockProvider.this.store.grant(wholeSeconds(rest)));
				move(this.key, this.lease, next);
				endAfter(next, rest);
			}
			this.end.cancel(false);
		}

		@Override
		protected Optional<SimpleLock> doExtend(LockConfiguration next) {
			if (ClockProvider.now().isAfter(this.lockConfiguration.getLockAtMostUntil())) {
				await(this.key, EtcdShedLockProvider.this.store.revoke(this.lease));
				return Optional.empty();
			}
			long lease = await(this.key, EtcdShedLockProvider.this.store.grant(wholeSeconds(next.getLockAtMostFor())));
			boolean moved = move(this.key, this.lease, lease);
			this.end.cancel(false);
			return moved ? Optional.of(new EtcdSimpleLock(next, this.key, lease)) : Optional.empty();
		}

	}

}
