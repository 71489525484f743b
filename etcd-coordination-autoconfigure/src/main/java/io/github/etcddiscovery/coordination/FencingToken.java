package io.github.etcddiscovery.coordination;

import java.nio.charset.StandardCharsets;
import java.util.Optional;
import java.util.concurrent.Callable;

import io.etcd.jetcd.ByteSequence;
import io.etcd.jetcd.Txn;
import io.etcd.jetcd.op.Cmp;
import io.etcd.jetcd.op.CmpTarget;

/**
 * What tells a leader, or the holder of a lock, from all who were it before: the revision
 * of etcd at which its key was created. A store that refuses a write with a smaller token
 * than it has seen can't be written by a former leader, however long that one was
 * stopped. Immutable.
 *
 * @param key the key in etcd
 * @param value the token; greater for each later leader, as long as etcd is not restored
 * from a backup without raising its revision
 */
public record FencingToken(String key, long value) implements Comparable<FencingToken> {

	private static final ThreadLocal<FencingToken> current = new ThreadLocal<>();

	/**
	 * The token under which the calling thread runs a method that only the leader runs.
	 * @return the token; empty outside such a method
	 */
	public static Optional<FencingToken> current() {
		return Optional.ofNullable(current.get());
	}

	/**
	 * Call something with this as the token of the thread.
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
	 * Put a condition into a transaction of the application's on the same etcd: it is
	 * carried out only if the key of this token is still there. That is safe without any
	 * clock.
	 * @param transaction the transaction, to which nothing but conditions was added yet
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
