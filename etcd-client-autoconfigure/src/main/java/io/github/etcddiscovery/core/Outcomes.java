package io.github.etcddiscovery.core;

import java.util.concurrent.CompletableFuture;
import java.util.function.BiConsumer;

import org.jspecify.annotations.Nullable;

/**
 * Hands the outcome of one future to another.
 */
public final class Outcomes {

	private Outcomes() {
	}

	/**
	 * Complete a future with the outcome of another.
	 * @param <T> the type of the result
	 * @param target the future to complete; a failure becomes an
	 * {@link EtcdAccessException}
	 * @return an action for {@link CompletableFuture#whenComplete}
	 */
	public static <T> BiConsumer<T, @Nullable Throwable> into(CompletableFuture<T> target) {
		return (result, failure) -> {
			if (failure != null) {
				target.completeExceptionally(EtcdAccessException.of(failure));
			}
			else {
				target.complete(result);
			}
		};
	}

}
