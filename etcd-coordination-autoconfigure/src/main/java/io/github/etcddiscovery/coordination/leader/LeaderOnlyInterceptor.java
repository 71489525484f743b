package io.github.etcddiscovery.coordination.leader;

import java.lang.reflect.Method;
import java.util.Objects;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.function.Supplier;
import java.util.function.UnaryOperator;

import io.github.etcddiscovery.coordination.FencingToken;
import org.aopalliance.intercept.MethodInterceptor;
import org.aopalliance.intercept.MethodInvocation;
import org.jspecify.annotations.Nullable;
import reactor.core.publisher.Flux;
import reactor.core.publisher.Mono;

import org.springframework.aop.ProxyMethodInvocation;
import org.springframework.aop.support.AopUtils;
import org.springframework.core.annotation.AnnotatedElementUtils;

/**
 * Runs a method only in the leader, and delays a hand-over until it has finished.
 */
final class LeaderOnlyInterceptor implements MethodInterceptor {

	private final Supplier<Elections> elections;

	private final UnaryOperator<String> placeholders;

	LeaderOnlyInterceptor(Supplier<Elections> elections, UnaryOperator<String> placeholders) {
		this.elections = elections;
		this.placeholders = placeholders;
	}

	@Override
	public @Nullable Object invoke(MethodInvocation invocation) throws Throwable {
		Object target = invocation.getThis();
		Class<?> type = (target != null) ? AopUtils.getTargetClass(target) : invocation.getMethod().getDeclaringClass();
		LeaderOnly annotation = find(AopUtils.getMostSpecificMethod(invocation.getMethod(), type), type);
		if (annotation == null) {
			return invocation.proceed();
		}
		Leadership leadership = this.elections.get().campaign(this.placeholders.apply(annotation.value()));
		Class<?> result = invocation.getMethod().getReturnType();
		if (result == Mono.class) {
			return Mono.defer(() -> (Mono<?>) chain(invocation, leadership, annotation.onRevoked()));
		}
		if (result == Flux.class) {
			return Flux.defer(() -> Flux.from((Flux<?>) chain(invocation, leadership, annotation.onRevoked())));
		}
		Term.Run run = leadership.begin(annotation.onRevoked());
		return (run != null) ? proceed(invocation, run, leadership.interrupts(annotation.onRevoked()))
				: skipped(result, leadership);
	}

	static @Nullable LeaderOnly find(Method method, Class<?> type) {
		LeaderOnly annotation = AnnotatedElementUtils.findMergedAnnotation(method, LeaderOnly.class);
		return (annotation != null) ? annotation : AnnotatedElementUtils.findMergedAnnotation(type, LeaderOnly.class);
	}

	private static @Nullable Object proceed(MethodInvocation invocation, Term.Run run, boolean interrupts)
			throws Throwable {
		boolean later = false;
		try {
			give(invocation, run.token());
			Object result = run.token().call(() -> call(invocation));
			if (result instanceof CompletionStage<?> stage) {
				later = true;
				// The thread is free for other work
				run.interruptible(false);
				if (interrupts && stage instanceof CompletableFuture<?> future) {
					run.over().thenRun(() -> future.cancel(true));
				}
				stage.whenComplete((done, failure) -> run.close());
			}
			return result;
		}
		catch (InvocationFailure ex) {
			throw ex.getCause();
		}
		finally {
			if (!later) {
				run.close();
			}
		}
	}

	private static @Nullable Object call(MethodInvocation invocation) {
		try {
			return invocation.proceed();
		}
		catch (Throwable ex) {
			throw new InvocationFailure(ex);
		}
	}

	/**
	 * Each subscription is work of its own.
	 */
	private static Object chain(MethodInvocation invocation, Leadership leadership, OnRevoked onRevoked) {
		Term.Run run = leadership.begin(OnRevoked.FINISH);
		boolean mono = invocation.getMethod().getReturnType() == Mono.class;
		if (run == null) {
			return mono ? Mono.empty() : Flux.empty();
		}
		try {
			MethodInvocation once = ((ProxyMethodInvocation) invocation)
				.invocableClone(invocation.getArguments().clone());
			give(once, run.token());
			Object chain = Objects.requireNonNull(call(once), "A method that returns a chain returned null");
			Mono<Void> end = leadership.interrupts(onRevoked) ? Mono.fromFuture(run.over(), true) : Mono.never();
			return mono ? ((Mono<?>) chain).takeUntilOther(end).doFinally((signal) -> run.close())
					: ((Flux<?>) chain).takeUntilOther(end).doFinally((signal) -> run.close());
		}
		catch (InvocationFailure ex) {
			run.close();
			return mono ? Mono.error(ex.getCause()) : Flux.error(ex.getCause());
		}
	}

	private static void give(MethodInvocation invocation, FencingToken token) {
		Class<?>[] types = invocation.getMethod().getParameterTypes();
		@Nullable Object[] arguments = invocation.getArguments();
		for (int i = 0; i < types.length; i++) {
			if (types[i] == FencingToken.class && arguments[i] == null) {
				arguments[i] = token;
			}
		}
	}

	private static @Nullable Object skipped(Class<?> result, Leadership leadership) {
		if (result == Optional.class) {
			return Optional.empty();
		}
		if (result == CompletableFuture.class || result == CompletionStage.class) {
			return CompletableFuture.completedFuture(null);
		}
		if (result.isPrimitive() && result != void.class) {
			throw new NotLeaderException(leadership.role());
		}
		return null;
	}

	/**
	 * Carries the exception of the method.
	 */
	private static final class InvocationFailure extends RuntimeException {

		InvocationFailure(Throwable cause) {
			super(cause);
		}

		@Override
		public synchronized Throwable getCause() {
			return Objects.requireNonNull(super.getCause());
		}

	}

}
