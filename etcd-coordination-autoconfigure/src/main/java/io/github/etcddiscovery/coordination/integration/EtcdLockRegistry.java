package io.github.etcddiscovery.coordination.integration;

import java.time.Duration;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.Condition;

import io.github.etcddiscovery.coordination.lock.EtcdLock;
import io.github.etcddiscovery.coordination.lock.LockToken;
import io.github.etcddiscovery.coordination.lock.Locks;
import org.jspecify.annotations.Nullable;
import reactor.core.publisher.Mono;

import org.springframework.integration.support.locks.DistributedLock;
import org.springframework.integration.support.locks.ExpirableLockRegistry;
import org.springframework.integration.support.locks.RenewableLockRegistry;
import org.springframework.util.ConcurrentReferenceHashMap;

/**
 * Spring Integration's lock registry, based on {@link Locks}. A lock without a time to
 * live lasts as long as the lease of the process, which is renewed automatically. A lock
 * with a time to live ends after that time, unless the application renews it. A key is
 * any object whose {@code toString()} names the lock. Safe for use by any thread.
 */
public final class EtcdLockRegistry
		implements ExpirableLockRegistry<DistributedLock>, RenewableLockRegistry<DistributedLock> {

	private final Locks locks;

	/**
	 * Weak, since locks have no state: those that are still referenced.
	 */
	private final Map<String, DistributedLock> faces = new ConcurrentReferenceHashMap<>();

	/**
	 * Create a registry.
	 * @param locks the locks
	 */
	public EtcdLockRegistry(Locks locks) {
		this.locks = locks;
	}

	@Override
	public DistributedLock obtain(Object lockKey) {
		return this.faces.computeIfAbsent(lockKey.toString(), (name) -> new RegistryLock(this.locks.obtain(name)));
	}

	/**
	 * Acquire a lock in a reactive chain, as {@link Locks#acquire(String)} does.
	 * @param lockKey the key
	 * @return the lock, acquired at each subscription
	 */
	public Mono<LockToken> acquire(Object lockKey) {
		return this.locks.acquire(lockKey.toString());
	}

	/**
	 * Does nothing: a lock that nobody holds or waits for takes no memory.
	 */
	@Override
	public void expireUnusedOlderThan(long age) {
		// See above
	}

	@Override
	public void renewLock(Object lockKey) {
		renew(lockKey, null);
	}

	@Override
	public void renewLock(Object lockKey, Duration ttl) {
		renew(lockKey, ttl);
	}

	private void renew(Object lockKey, @Nullable Duration ttl) {
		this.locks.obtain(lockKey.toString()).renew(ttl);
	}

	private record RegistryLock(EtcdLock delegate) implements DistributedLock {

		@Override
		public void lock() {
			this.delegate.lock();
		}

		@Override
		public void lock(Duration ttl) {
			this.delegate.lock(ttl);
		}

		@Override
		public void lockInterruptibly() throws InterruptedException {
			this.delegate.lockInterruptibly();
		}

		@Override
		public boolean tryLock() {
			return this.delegate.tryLock();
		}

		@Override
		public boolean tryLock(long time, TimeUnit unit) throws InterruptedException {
			return this.delegate.tryLock(time, unit);
		}

		@Override
		public boolean tryLock(Duration waitTime, Duration ttl) throws InterruptedException {
			return this.delegate.tryLock(waitTime, ttl);
		}

		@Override
		public void unlock() {
			this.delegate.unlock();
		}

		@Override
		public Condition newCondition() {
			return this.delegate.newCondition();
		}

	}

}
