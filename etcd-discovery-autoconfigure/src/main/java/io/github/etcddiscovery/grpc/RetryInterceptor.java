package io.github.etcddiscovery.grpc;

import java.util.Objects;

import io.grpc.Attributes;
import io.grpc.CallOptions;
import io.grpc.Channel;
import io.grpc.ClientCall;
import io.grpc.ClientInterceptor;
import io.grpc.ClientStreamTracer;
import io.grpc.Metadata;
import io.grpc.MethodDescriptor;
import io.grpc.Status;
import org.jspecify.annotations.Nullable;

/**
 * Retries a call once, on another instance, when its connection broke before any answer,
 * as Spring Cloud does for a {@code GET}. Only unary methods that are declared idempotent
 * are retried ({@code idempotency_level} in the {@code .proto} file), and not if a retry
 * policy of the user has already retried. The deadline stays the same. Safe for use by
 * any thread.
 */
final class RetryInterceptor implements ClientInterceptor {

	private volatile boolean active;

	/**
	 * Retry calls from now on, because the channel follows a service.
	 */
	void activate() {
		this.active = true;
	}

	@Override
	public <Q, A> ClientCall<Q, A> interceptCall(MethodDescriptor<Q, A> method, CallOptions options, Channel next) {
		boolean repeatable = method.getType() == MethodDescriptor.MethodType.UNARY
				&& (method.isSafe() || method.isIdempotent());
		return (this.active && repeatable) ? new RetriedCall<>(method, options, next) : next.newCall(method, options);
	}

	/**
	 * A call with at most two attempts. The caller's requests are kept until the first
	 * attempt has ended.
	 */
	private static final class RetriedCall<Q, A> extends ClientCall<Q, A> {

		private final MethodDescriptor<Q, A> method;

		private final CallOptions options;

		private final Channel next;

		private final Attempts attempts = new Attempts();

		private ClientCall<Q, A> call;

		private @Nullable Listener<A> listener;

		private @Nullable Metadata headers;

		private @Nullable Q message;

		private int requested;

		private boolean sent;

		private boolean cancelled;

		/**
		 * Whether the first attempt failed before the whole request was sent.
		 */
		private boolean failed;

		RetriedCall(MethodDescriptor<Q, A> method, CallOptions options, Channel next) {
			this.method = method;
			this.options = options;
			this.next = next;
			this.call = next.newCall(method, options.withStreamTracerFactory(this.attempts));
		}

		private synchronized ClientCall<Q, A> call() {
			return this.call;
		}

		@Override
		public void start(Listener<A> listener, Metadata headers) {
			this.listener = listener;
			this.headers = new Metadata();
			this.headers.merge(headers);
			call().start(new FirstAttempt(listener), headers);
		}

		@Override
		public void request(int numMessages) {
			ClientCall<Q, A> current;
			synchronized (this) {
				this.requested += numMessages;
				current = this.call;
			}
			current.request(numMessages);
		}

		@Override
		public void sendMessage(Q message) {
			this.message = message;
			call().sendMessage(message);
		}

		@Override
		public void halfClose() {
			ClientCall<Q, A> current;
			synchronized (this) {
				this.sent = true;
				current = this.failed ? null : this.call;
			}
			if (current != null) {
				current.halfClose();
			}
			else {
				retry();
			}
		}

		@Override
		public void cancel(@Nullable String message, @Nullable Throwable cause) {
			ClientCall<Q, A> current;
			synchronized (this) {
				this.cancelled = true;
				current = this.call;
			}
			current.cancel(message, cause);
		}

		@Override
		public boolean isReady() {
			return call().isReady();
		}

		@Override
		public void setMessageCompression(boolean enabled) {
			call().setMessageCompression(enabled);
		}

		@Override
		public Attributes getAttributes() {
			return call().getAttributes();
		}

		private void failed() {
			synchronized (this) {
				this.failed = true;
				if (!this.sent) {
					return;
				}
			}
			retry();
		}

		private void retry() {
			ClientCall<Q, A> second = this.next.newCall(this.method, this.options);
			second.start(Objects.requireNonNull(this.listener), Objects.requireNonNull(this.headers));
			int numMessages;
			boolean cancelled;
			synchronized (this) {
				this.call = second;
				numMessages = this.requested;
				cancelled = this.cancelled;
			}
			if (cancelled) {
				second.cancel("Cancelled before it was made again", null);
				return;
			}
			second.request(numMessages);
			second.sendMessage(Objects.requireNonNull(this.message));
			second.halfClose();
		}

		/**
		 * Whether the trailers come from a server, which sends metadata with every
		 * answer, including errors.
		 */
		private static boolean isAnswer(Metadata trailers) {
			return !trailers.keys().isEmpty();
		}

		/**
		 * Passes everything on to the caller, except a failure that leads to a retry.
		 */
		private final class FirstAttempt extends Listener<A> {

			private final Listener<A> delegate;

			private boolean answered;

			FirstAttempt(Listener<A> delegate) {
				this.delegate = delegate;
			}

			@Override
			public void onHeaders(Metadata headers) {
				this.answered = true;
				this.delegate.onHeaders(headers);
			}

			@Override
			public void onMessage(A message) {
				this.delegate.onMessage(message);
			}

			@Override
			public void onReady() {
				this.delegate.onReady();
			}

			@Override
			public void onClose(Status status, Metadata trailers) {
				if (status.getCode() == Status.Code.UNAVAILABLE && !this.answered && !isAnswer(trailers)
						&& !RetriedCall.this.attempts.several) {
					failed();
				}
				else {
					this.delegate.onClose(status, trailers);
				}
			}

		}

	}

	/**
	 * Counts the attempts that a retry policy makes.
	 */
	private static final class Attempts extends ClientStreamTracer.Factory {

		private volatile boolean several;

		@Override
		public ClientStreamTracer newClientStreamTracer(ClientStreamTracer.StreamInfo info, Metadata headers) {
			if (info.getPreviousAttempts() > 0) {
				this.several = true;
			}
			return new ClientStreamTracer() {
			};
		}

	}

}
