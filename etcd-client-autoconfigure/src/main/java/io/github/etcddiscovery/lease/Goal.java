package io.github.etcddiscovery.lease;

import java.util.concurrent.CompletableFuture;
import java.util.function.Predicate;

/**
 * The state that a claim is to bring its key to.
 */
sealed interface Goal {

	/**
	 * Completes with the outcome of the first try; later tries are not reported.
	 */
	CompletableFuture<Void> firstTry();

	/**
	 * The key has a value, under the lease of this process.
	 *
	 * @param value the wanted value
	 * @param sameAddress whether another value contains the same address as this one
	 * @param shared whether another process may own the key while this one stands by
	 * @param firstTry completes with the outcome of the first try
	 */
	record Keep(String value, Predicate<String> sameAddress, boolean shared,
			CompletableFuture<Void> firstTry) implements Goal {
	}

	/**
	 * The key does not exist, or belongs to another process.
	 *
	 * @param firstTry completes with the outcome of the first try
	 */
	record Gone(CompletableFuture<Void> firstTry) implements Goal {
	}

}
