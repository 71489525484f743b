package io.github.etcddiscovery.discovery;

import java.net.InetSocketAddress;
import java.net.SocketAddress;
import java.util.List;
import java.util.Queue;
import java.util.concurrent.ConcurrentLinkedQueue;

import io.etcd.jetcd.api.RangeRequest;
import io.grpc.CallOptions;
import io.grpc.Channel;
import io.grpc.ClientCall;
import io.grpc.ClientInterceptor;
import io.grpc.ForwardingClientCall.SimpleForwardingClientCall;
import io.grpc.ForwardingClientCallListener.SimpleForwardingClientCallListener;
import io.grpc.Grpc;
import io.grpc.Metadata;
import io.grpc.MethodDescriptor;

/**
 * Sees the calls of a client and lets a test act at the very moment that matters.
 */
final class CallSpy implements ClientInterceptor {

	private static final Runnable NOTHING = () -> {
	};

	private final Queue<RangeRequest> ranges = new ConcurrentLinkedQueue<>();

	private volatile int watchedPort;

	private volatile Runnable beforeWatch = NOTHING;

	private volatile Runnable afterPage = NOTHING;

	private volatile Runnable afterCreated = NOTHING;

	/**
	 * Act once, before the next watch is asked for.
	 */
	void beforeWatch(Runnable action) {
		this.beforeWatch = action;
	}

	/**
	 * Act once, before the next page of a list is handed on.
	 */
	void afterPage(Runnable action) {
		this.afterPage = action;
	}

	/**
	 * Act once, before a watch is told that it was created.
	 */
	void afterCreated(Runnable action) {
		this.afterCreated = action;
	}

	/**
	 * The port at the other end of the newest watch.
	 */
	int watchedPort() {
		return this.watchedPort;
	}

	List<RangeRequest> ranges() {
		return List.copyOf(this.ranges);
	}

	@Override
	public <Q, R> ClientCall<Q, R> interceptCall(MethodDescriptor<Q, R> method, CallOptions options, Channel next) {
		boolean watch = method.getFullMethodName().endsWith("/Watch");
		boolean range = method.getFullMethodName().endsWith("/Range");
		return new SimpleForwardingClientCall<>(next.newCall(method, options)) {

			@Override
			public void start(Listener<R> listener, Metadata headers) {
				if (watch) {
					Runnable action = CallSpy.this.beforeWatch;
					CallSpy.this.beforeWatch = NOTHING;
					action.run();
				}
				super.start(new SimpleForwardingClientCallListener<>(listener) {

					private boolean first = true;

					@Override
					public void onHeaders(Metadata received) {
						SocketAddress remote = getAttributes().get(Grpc.TRANSPORT_ATTR_REMOTE_ADDR);
						if (watch && remote instanceof InetSocketAddress address) {
							CallSpy.this.watchedPort = address.getPort();
						}
						super.onHeaders(received);
					}

					@Override
					public void onMessage(R message) {
						if (watch && this.first) {
							this.first = false;
							Runnable action = CallSpy.this.afterCreated;
							CallSpy.this.afterCreated = NOTHING;
							action.run();
						}
						if (range) {
							Runnable action = CallSpy.this.afterPage;
							CallSpy.this.afterPage = NOTHING;
							action.run();
						}
						super.onMessage(message);
					}

				}, headers);
			}

			@Override
			public void sendMessage(Q message) {
				if (message instanceof RangeRequest request) {
					CallSpy.this.ranges.add(request);
				}
				super.sendMessage(message);
			}

		};
	}

}
