package io.github.etcddiscovery.lease;

import java.util.concurrent.CompletableFuture;
import java.util.function.Predicate;

/**
 * What a claim is to bring about.
 */
sealed interface Goal {

	/**
	 * Completes with the outcome of the first try; later tries are nobody's business.
	 */
	CompletableFuture<Void> firstTry();

	/**
	 * The key has a value, under the lease of this process.
	 *
	 * @param value the value
	 * @param sameAddress whether another value has the address that this one has
	 * @param shared whether another process may hold the key while this one stands by
	 * @param firstTry completes with the first try
	 */
	record Keep(String value, Predicate<String> sameAddress, boolean shared,
			CompletableFuture<Void> firstTry) implements Goal {
	}

	/**
	 * The key does not exist, or belongs to another process.
	 *
	 * @param firstTry completes with the first try
	 */
	record Gone(CompletableFuture<Void> firstTry) implements Goal {
	}

}
