package io.github.etcddiscovery.coordination;

import java.nio.charset.StandardCharsets;
import java.util.Optional;
import java.util.concurrent.Callable;

import io.etcd.jetcd.ByteSequence;
import io.etcd.jetcd.Txn;
import io.etcd.jetcd.op.Cmp;
import io.etcd.jetcd.op.CmpTarget;

/**
 * Distinguishes a leader, or the holder of a lock, from all earlier ones: the revision of
 * etcd at which its key was created. A store that rejects a smaller token than it has
 * seen can't be written to by a former leader, however long that process was paused.
 * Immutable.
 *
 * @param key the key in etcd
 * @param value the token; each later leader has a greater one, unless etcd was restored
 * from a backup without raising its revision
 */
public record FencingToken(String key, long value) implements Comparable<FencingToken> {

	private static final ThreadLocal<FencingToken> current = new ThreadLocal<>();

	/**
	 * The token of the {@code @LeaderOnly} method that the calling thread is running.
	 * @return the token; empty outside such a method
	 */
	public static Optional<FencingToken> current() {
		return Optional.ofNullable(current.get());
	}

	/**
	 * Call a task with this token as the {@linkplain #current() current} one.
	 * @param <T> the type of the result
	 * @param task what to call
	 * @return its result
	 * @throws Exception what it throws
	 */
	public <T> T call(Callable<T> task) throws Exception {
		FencingToken last = current.get();
		current.set(this);
		try {
			return task.call();
		}
		finally {
			if (last != null) {
				current.set(last);
			}
			else {
				current.remove();
			}
		}
	}

	/**
	 * Add a condition to a transaction of the application on the same etcd: it succeeds
	 * only if the key of this token still exists. This does not depend on any clock.
	 * @param transaction the transaction, to which only conditions have been added so far
	 * @return the same transaction
	 */
	public Txn guard(Txn transaction) {
		return transaction.If(new Cmp(ByteSequence.from(this.key, StandardCharsets.UTF_8), Cmp.Op.EQUAL,
				CmpTarget.createRevision(this.value)));
	}

	@Override
	public int compareTo(FencingToken other) {
		return Long.compare(this.value, other.value);
	}

	@Override
	public String toString() {
		return Long.toString(this.value);
	}

}
