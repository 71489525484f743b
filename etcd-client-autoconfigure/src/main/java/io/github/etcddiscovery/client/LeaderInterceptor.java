package io.github.etcddiscovery.client;

import io.grpc.CallOptions;
import io.grpc.Channel;
import io.grpc.ClientCall;
import io.grpc.ClientInterceptor;
import io.grpc.ForwardingClientCall.SimpleForwardingClientCall;
import io.grpc.Metadata;
import io.grpc.MethodDescriptor;

/**
 * Makes a member without a leader refuse a request at once. The member would otherwise
 * keep the request until its deadline, while another member could have answered it.
 * Requests with {@link #LEADERLESS} may be answered by a member without a leader.
 */
final class LeaderInterceptor implements ClientInterceptor {

	static final CallOptions.Key<Boolean> LEADERLESS = CallOptions.Key.createWithDefault("leaderless", false);

	private static final Metadata.Key<String> HAS_LEADER = Metadata.Key.of("hasleader",
			Metadata.ASCII_STRING_MARSHALLER);

	@Override
	public <Q, R> ClientCall<Q, R> interceptCall(MethodDescriptor<Q, R> method, CallOptions options, Channel next) {
		return new SimpleForwardingClientCall<>(next.newCall(method, options)) {

			@Override
			public void start(Listener<R> listener, Metadata headers) {
				if (!options.getOption(LEADERLESS)) {
					headers.put(HAS_LEADER, "true");
				}
				super.start(listener, headers);
			}

		};
	}

}
