package io.github.etcddiscovery.coordination.lock;

import java.time.Duration;
import java.util.Objects;
import java.util.Optional;
import java.util.concurrent.CancellationException;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.concurrent.locks.Condition;
import java.util.concurrent.locks.Lock;

import org.jspecify.annotations.Nullable;

/**
 * A lock that one thread in all processes holds at a time. It is reentrant and fair:
 * threads acquire it in the order in which they asked for it, across processes. A process
 * that dies loses the lock when its lease expires. A process that can't reach etcd gives
 * it up before that. Safe for use by any thread, also by virtual ones.
 */
public final class EtcdLock implements Lock {

	private static final long FOR_EVER = Long.MAX_VALUE;

	private final String name;

	private final Locks locks;

	private final Duration requestTimeout;

	EtcdLock(String name, Locks locks, Duration requestTimeout) {
		this.name = name;
		this.locks = locks;
		this.requestTimeout = requestTimeout;
	}

	/**
	 * The name of the lock.
	 * @return the name
	 */
	public String name() {
		return this.name;
	}

	/**
	 * Acquire the lock, waiting as long as necessary, even while etcd is away.
	 */
	@Override
	public void lock() {
		lockFor(null);
	}

	/**
	 * Acquire the lock for a limited time, waiting as long as necessary.
	 * @param ttl the time after which the lock ends, unless it is renewed
	 */
	public void lock(Duration ttl) {
		lockFor(ttl);
	}

	private void lockFor(@Nullable Duration ttl) {
		boolean interrupted = false;
		LockQueue.Request request = null;
		try {
			if (reenter()) {
				return;
			}
			request = this.locks.request(this.name, ttl, true);
			while (true) {
				try {
					if (await(request, FOR_EVER)) {
						return;
					}
				}
				catch (InterruptedException ex) {
					interrupted = true;
				}
			}
		}
		finally {
			if (interrupted) {
				Thread.currentThread().interrupt();
			}
		}
	}

	@Override
	public void lockInterruptibly() throws InterruptedException {
		acquire(null, FOR_EVER, true);
	}

	/**
	 * Acquire the lock if nobody holds it. This takes a round trip to etcd, and fails
	 * while etcd does not answer.
	 */
	@Override
	public boolean tryLock() {
		try {
			return acquire(null, this.requestTimeout.toNanos(), false);
		}
		catch (InterruptedException ex) {
			Thread.currentThread().interrupt();
			return false;
		}
	}

	@Override
	public boolean tryLock(long time, TimeUnit unit) throws InterruptedException {
		return acquire(null, unit.toNanos(time), true);
	}

	/**
	 * Acquire the lock within a time and for a limited time.
	 * @param wait how long to wait; zero to acquire the lock only if nobody holds it
	 * @param ttl the time after which the lock ends, unless it is renewed
	 * @return whether it was acquired
	 * @throws InterruptedException if the thread was interrupted meanwhile
	 */
	public boolean tryLock(Duration wait, Duration ttl) throws InterruptedException {
		return acquire(ttl, wait.toNanos(), true);
	}

	private boolean acquire(@Nullable Duration ttl, long nanos, boolean patient) throws InterruptedException {
		if (Thread.interrupted()) {
			throw new InterruptedException();
		}
		if (reenter()) {
			return true;
		}
		boolean waits = patient && nanos > 0;
		LockQueue.Request request = this.locks.request(this.name, ttl, waits);
		boolean acquired = false;
		try {
			acquired = await(request, waits ? nanos : this.requestTimeout.toNanos());
			return acquired;
		}
		finally {
			if (!acquired) {
				request.cancel();
			}
		}
	}

	private boolean reenter() {
		Locks.Hold hold = this.locks.hold(this.name);
		if (hold == null) {
			return false;
		}
		if (!hold.token().isHeld()) {
			throw new LockLostException(name(), "its holder tried to acquire it once more");
		}
		hold.oneMore();
		return true;
	}

	private boolean await(LockQueue.Request request, long nanos) throws InterruptedException {
		try {
			this.locks.hold(this.name, request.granted().get(nanos, TimeUnit.NANOSECONDS));
			return true;
		}
		catch (TimeoutException | CancellationException ex) {
			return false;
		}
		catch (ExecutionException ex) {
			Throwable cause = Objects.requireNonNull(ex.getCause());
			throw new IllegalStateException("Lock '%s' can't be had: %s".formatted(name(), cause.getMessage()), cause);
		}
	}

	/**
	 * Release the lock, and wait until etcd has deleted its key, at most for the deadline
	 * of a request. After that, the lock is released as soon as etcd can be reached, or
	 * when the lease expires.
	 * @throws IllegalMonitorStateException if the thread does not hold the lock
	 * @throws LockLostException if it was lost while it was held
	 */
	@Override
	public void unlock() {
		Locks.Hold hold = ownHold();
		if (hold.oneLess()) {
			this.locks.letGo(this.name);
			awaitRelease(hold.token().free());
		}
	}

	/**
	 * Even if the thread was interrupted: the caller may rely on the release.
	 */
	private void awaitRelease(CompletableFuture<Void> released) {
		boolean interrupted = false;
		long deadline = System.nanoTime() + this.requestTimeout.toNanos();
		try {
			while (true) {
				try {
					released.get(deadline - System.nanoTime(), TimeUnit.NANOSECONDS);
					return;
				}
				catch (InterruptedException ex) {
					interrupted = true;
				}
			}
		}
		catch (ExecutionException ex) {
			if (ex.getCause() instanceof LockLostException lost) {
				throw lost;
			}
		}
		catch (TimeoutException ex) {
			// It goes on by itself
		}
		finally {
			if (interrupted) {
				Thread.currentThread().interrupt();
			}
		}
	}

	private Locks.Hold ownHold() {
		Locks.Hold hold = this.locks.hold(this.name);
		if (hold == null) {
			throw new IllegalMonitorStateException("The current thread does not own lock '%s'".formatted(name()));
		}
		return hold;
	}

	/**
	 * Extend the lock: its time begins again now.
	 * @param ttl the time, or {@code null} for the time with which it was acquired
	 * @throws IllegalMonitorStateException if the thread does not hold the lock
	 * @throws LockLostException if it was lost while it was held
	 */
	public void renew(@Nullable Duration ttl) {
		if (!ownHold().token().renew(ttl)) {
			throw new LockLostException(name(), "it was to be renewed");
		}
	}

	/**
	 * Whether this process holds the lock: one of its threads or chains.
	 * @return {@code true} if it does
	 */
	public boolean isHeld() {
		return this.locks.isHeld(this.name);
	}

	/**
	 * Whether the calling thread holds the lock.
	 * @return {@code true} if it does
	 */
	public boolean isHeldByCurrentThread() {
		return token().filter(LockToken::isHeld).isPresent();
	}

	/**
	 * The fencing token of the calling thread.
	 * @return the token; empty if the thread does not hold the lock
	 */
	public Optional<LockToken> token() {
		return Optional.ofNullable(this.locks.hold(this.name)).map(Locks.Hold::token);
	}

	/**
	 * The value of the fencing token of the calling thread.
	 * @return the value
	 * @throws IllegalMonitorStateException if the thread does not hold the lock
	 */
	public long fencingToken() {
		return ownHold().token().fencingToken();
	}

	/**
	 * Not supported: a lock in etcd has no conditions.
	 */
	@Override
	public Condition newCondition() {
		throw new UnsupportedOperationException("Locks in etcd have no conditions");
	}

	@Override
	public String toString() {
		return "EtcdLock '%s'".formatted(name());
	}

}
