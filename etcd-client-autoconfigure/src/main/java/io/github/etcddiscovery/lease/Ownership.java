package io.github.etcddiscovery.lease;

import java.util.Optional;
import java.util.function.LongPredicate;
import java.util.function.Predicate;

import io.github.etcddiscovery.watch.Entry;

/**
 * Decides whose a key is. The rules, in their order:
 * <ol>
 * <li>A key that does not exist is free.
 * <li>Under a lease of this process it is ours.
 * <li>Without a lease nobody keeps it alive: it is free. (Somebody wrote it by hand.)
 * <li>Under another's lease, with the address that we serve: what a process that served
 * here before us left behind, since an address has one server at a time. It is free,
 * unless we have held it before: then the other one is alive and took it from us.
 * <li>Otherwise it is another's, for as long as its lease lives.
 * </ol>
 */
final class Ownership {

	private Ownership() {
	}

	/**
	 * Decide.
	 * @param found what the key holds now
	 * @param leaseId the lease that the key is to be attached to
	 * @param value the value that it is to have
	 * @param ours whether a lease is one of this process
	 * @param ownedBefore whether this process has held the key
	 * @param sameAddress whether a value has the address that this process serves
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
		 * It stands as it should.
		 */
		OWNED,

		/**
		 * Write it, on condition that it is still what was found.
		 */
		WRITE,

		/**
		 * Leave it to its owner.
		 */
		YIELD

	}

}
