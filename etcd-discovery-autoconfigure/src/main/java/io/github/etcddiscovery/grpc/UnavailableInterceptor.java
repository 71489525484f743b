package io.github.etcddiscovery.grpc;

import io.grpc.CallOptions;
import io.grpc.Channel;
import io.grpc.ClientCall;
import io.grpc.ClientInterceptor;
import io.grpc.Metadata;
import io.grpc.MethodDescriptor;
import io.grpc.Status;
import org.jspecify.annotations.Nullable;

/**
 * Fails the calls of a channel, with a reason, while there is no instance to call. Calls
 * that wait for an instance wait in the channel. Safe for use by any thread.
 */
final class UnavailableInterceptor implements ClientInterceptor {

	private volatile @Nullable Status reason;

	/**
	 * Let calls fail, or let them through.
	 * @param reason why calls fail, or {@code null} to let them through
	 */
	void set(@Nullable Status reason) {
		this.reason = reason;
	}

	@Override
	public <Q, A> ClientCall<Q, A> interceptCall(MethodDescriptor<Q, A> method, CallOptions options, Channel next) {
		Status reason = this.reason;
		return (reason == null || options.isWaitForReady()) ? next.newCall(method, options) : new FailedCall<>(reason);
	}

	/**
	 * A call that has failed before it began.
	 */
	private static final class FailedCall<Q, A> extends ClientCall<Q, A> {

		private final Status reason;

		FailedCall(Status reason) {
			this.reason = reason;
		}

		@Override
		public void start(Listener<A> listener, Metadata headers) {
			listener.onClose(this.reason, new Metadata());
		}

		@Override
		public void request(int numMessages) {
		}

		@Override
		public void cancel(@Nullable String message, @Nullable Throwable cause) {
		}

		@Override
		public void halfClose() {
		}

		@Override
		public void sendMessage(Q message) {
		}

	}

}
