package io.github.etcddiscovery.coordination.lock;

import java.time.Duration;
import java.util.concurrent.CompletableFuture;

import io.etcd.jetcd.Txn;
import io.github.etcddiscovery.coordination.FencingToken;
import io.github.etcddiscovery.lease.Tenure;
import org.jspecify.annotations.Nullable;
import reactor.core.publisher.Mono;

/**
 * A lock that is held until it is released or lost. It belongs to no particular thread.
 * Safe for use by any thread.
 */
public final class LockToken {

	private final LockQueue queue;

	private final Tenure tenure;

	private final FencingToken token;

	private final @Nullable Duration ttl;

	private final long since;

	LockToken(LockQueue queue, Tenure tenure, @Nullable Duration ttl, long since) {
		this.queue = queue;
		this.tenure = tenure;
		this.token = new FencingToken(tenure.key(), tenure.token());
		this.ttl = ttl;
		this.since = since;
	}

	/**
	 * The name of the lock.
	 * @return the name
	 */
	public String name() {
		return this.queue.name();
	}

	/**
	 * Whether the lock is held. Each call computes it from the monotonic clock and the
	 * last answered renewal of the lease, with a margin.
	 * @return {@code true} if nobody else can hold it
	 */
	public boolean isHeld() {
		return this.tenure.isValid();
	}

	/**
	 * How long the lock is held from now on if the lease can no longer be renewed.
	 * @return the duration; zero if it is not held
	 */
	public Duration validFor() {
		return this.tenure.validFor();
	}

	/**
	 * What tells this holder from all before it.
	 * @return the token
	 */
	public FencingToken token() {
		return this.token;
	}

	/**
	 * What tells this holder from all before it.
	 * @return the token
	 */
	public long fencingToken() {
		return this.token.value();
	}

	/**
	 * Add the condition that this lock is still held to a transaction of the application
	 * on the same etcd. This does not depend on any clock.
	 * @param transaction the transaction, to which nothing but conditions was added yet
	 * @return the same transaction
	 */
	public Txn guard(Txn transaction) {
		return this.token.guard(transaction);
	}

	/**
	 * Extend the lock: its time begins again now.
	 * @param ttl the time, or {@code null} for the time with which it was acquired
	 * @return {@code false} if it is not held any more
	 */
	public boolean renew(@Nullable Duration ttl) {
		Duration time = (ttl != null) ? ttl : this.ttl;
		if (!isHeld()) {
			return false;
		}
		if (time != null) {
			this.tenure.expireAfter(time);
		}
		return isHeld();
	}

	/**
	 * Release the lock, for example at the end of {@link Mono#usingWhen}.
	 * @return completes when others can acquire the lock, or are certain to be able to
	 * soon; fails with a {@link LockLostException} if it was lost before
	 */
	public Mono<Void> release() {
		return Mono.defer(() -> Mono.fromFuture(free()));
	}

	CompletableFuture<Void> free() {
		return this.queue.release(this);
	}

	Tenure tenure() {
		return this.tenure;
	}

	long since() {
		return this.since;
	}

	@Override
	public String toString() {
		return "lock '%s' with fencing token %s".formatted(name(), this.token);
	}

}
