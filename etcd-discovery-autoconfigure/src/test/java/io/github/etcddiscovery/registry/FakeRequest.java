package io.github.etcddiscovery.registry;

import java.util.concurrent.CompletableFuture;
import java.util.function.Supplier;

import io.github.etcddiscovery.core.EtcdAccessException;
import io.github.etcddiscovery.core.EtcdAccessException.Kind;
import org.jspecify.annotations.Nullable;

/**
 * A request to {@link FakeEtcd}, whose effect and whose answer a test can bring about at
 * different times.
 */
final class FakeRequest {

	private final Operation operation;

	private final Supplier<?> effect;

	private final CompletableFuture<Object> answer = new CompletableFuture<>();

	private boolean applied;

	private @Nullable Object result;

	private @Nullable EtcdAccessException refusal;

	FakeRequest(Operation operation, Supplier<?> effect) {
		this.operation = operation;
		this.effect = effect;
	}

	Operation operation() {
		return this.operation;
	}

	boolean isAnswered() {
		return this.answer.isDone();
	}

	@SuppressWarnings("unchecked")
	<T> CompletableFuture<T> future() {
		return (CompletableFuture<T>) this.answer;
	}

	/**
	 * Let it happen in the store, once; nobody is told.
	 */
	void apply() {
		if (this.applied) {
			return;
		}
		this.applied = true;
		try {
			this.result = this.effect.get();
		}
		catch (EtcdAccessException ex) {
			this.refusal = ex;
		}
	}

	/**
	 * Let it happen, if it has not yet, and tell.
	 */
	void complete() {
		apply();
		if (this.refusal != null) {
			this.answer.completeExceptionally(this.refusal);
		}
		else {
			this.answer.complete(this.result);
		}
	}

	/**
	 * Say that it failed, whether it happened or not.
	 */
	void fail(Kind kind) {
		this.answer.completeExceptionally(new EtcdAccessException(kind, "scripted " + kind, null));
	}

	enum Operation {

		GRANT, RENEW, REVOKE, READ, PUT, DELETE, LIST

	}

}
