package io.github.etcddiscovery.lease;

import java.util.Optional;
import java.util.function.LongPredicate;
import java.util.function.Predicate;

import io.github.etcddiscovery.watch.Entry;

/**
 * Decides who owns a key. The rules, in order:
 * <ol>
 * <li>A key that does not exist is free.
 * <li>A key under a lease of this process is ours.
 * <li>A key without a lease is free: a person wrote it, and no process keeps it alive.
 * <li>A key under the lease of another process, with the address that we serve, is free:
 * an address has one server at a time, so a former process at this address left the key
 * behind. If we have owned the key before, it is not free: then the other process is
 * alive and took it from us.
 * <li>Any other key belongs to another process for as long as its lease is alive.
 * </ol>
 */
final class Ownership {

	private Ownership() {
	}

	/**
	 * Decide what to do with a key.
	 * @param found the entry of the key now
	 * @param leaseId the lease that the key is to be attached to
	 * @param value the value that the key is to have
	 * @param ours whether a lease is, or was, that of this process
	 * @param ownedBefore whether this process has owned the key before
	 * @param sameAddress whether a value contains the address that this process serves
	 * @return what to do
	 */
	static Verdict judge(Optional<Entry> found, long leaseId, String value, LongPredicate ours, boolean ownedBefore,
			Predicate<String> sameAddress) {
		if (found.isEmpty()) {
			return Verdict.WRITE;
		}
		Entry entry = found.get();
		if (entry.lease() == leaseId && entry.value().equals(value)) {
			return Verdict.OWNED;
		}
		if (entry.lease() == 0 || ours.test(entry.lease())) {
			return Verdict.WRITE;
		}
		return (!ownedBefore && sameAddress.test(entry.value())) ? Verdict.WRITE : Verdict.YIELD;
	}

	enum Verdict {

		/**
		 * The key is as it should be.
		 */
		OWNED,

		/**
		 * Write the key, unless it has changed since it was read.
		 */
		WRITE,

		/**
		 * Leave the key to its owner.
		 */
		YIELD

	}

}
