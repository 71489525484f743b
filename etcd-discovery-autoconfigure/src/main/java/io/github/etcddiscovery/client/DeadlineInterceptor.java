package io.github.etcddiscovery.client;

import java.time.Duration;
import java.util.concurrent.TimeUnit;

import io.grpc.CallOptions;
import io.grpc.Channel;
import io.grpc.ClientCall;
import io.grpc.ClientInterceptor;
import io.grpc.MethodDescriptor;
import io.grpc.MethodDescriptor.MethodType;
import org.jspecify.annotations.Nullable;

/**
 * Gives every request a deadline: each unary call, and the stream on which the starter
 * renews its lease once. A deadline at the future alone would leave the call queued, to
 * be applied later. Watches live on.
 */
final class DeadlineInterceptor implements ClientInterceptor {

	private static final String RENEWAL = "etcdserverpb.Lease/LeaseKeepAlive";

	private final Duration requestTimeout;

	private final @Nullable Duration renewalTimeout;

	/**
	 * Create an interceptor.
	 * @param requestTimeout deadline of each unary call
	 * @param renewalTimeout deadline of the stream of a renewal, or {@code null} if that
	 * stream may be one that renews again and again
	 */
	DeadlineInterceptor(Duration requestTimeout, @Nullable Duration renewalTimeout) {
		this.requestTimeout = requestTimeout;
		this.renewalTimeout = renewalTimeout;
	}

	@Override
	public <Q, R> ClientCall<Q, R> interceptCall(MethodDescriptor<Q, R> method, CallOptions options, Channel next) {
		if (options.getDeadline() != null) {
			return next.newCall(method, options);
		}
		if (this.renewalTimeout != null && method.getFullMethodName().equals(RENEWAL)) {
			return next.newCall(method, within(options, this.renewalTimeout));
		}
		if (method.getType() == MethodType.UNARY) {
			return next.newCall(method, within(options, this.requestTimeout));
		}
		return next.newCall(method, options);
	}

	private static CallOptions within(CallOptions options, Duration timeout) {
		return options.withDeadlineAfter(timeout.toNanos(), TimeUnit.NANOSECONDS);
	}

}
