package io.github.etcddiscovery.client;

import java.util.concurrent.atomic.AtomicLong;
import java.util.function.LongSupplier;

import io.grpc.CallOptions;
import io.grpc.Channel;
import io.grpc.ClientCall;
import io.grpc.ClientInterceptor;
import io.grpc.ForwardingClientCall.SimpleForwardingClientCall;
import io.grpc.ForwardingClientCallListener.SimpleForwardingClientCallListener;
import io.grpc.Metadata;
import io.grpc.MethodDescriptor;
import io.grpc.Status;

/**
 * Knows since when a client has had no contact with etcd: from the first request that
 * waits for its answer, or the first call that failed without one, to the next message or
 * refusal that arrives. A client that is merely idle has not lost contact.
 */
final class ContactInterceptor implements ClientInterceptor {

	private static final long IN_CONTACT = Long.MIN_VALUE;

	private final LongSupplier ticker;

	private final AtomicLong lostAt = new AtomicLong(IN_CONTACT);

	ContactInterceptor(LongSupplier ticker) {
		this.ticker = ticker;
	}

	/**
	 * How long contact has been lost.
	 * @return nanoseconds, 0 if it has not
	 */
	long lostForNanos() {
		long lostAt = this.lostAt.get();
		return (lostAt != IN_CONTACT) ? this.ticker.getAsLong() - lostAt : 0;
	}

	@Override
	public <Q, R> ClientCall<Q, R> interceptCall(MethodDescriptor<Q, R> method, CallOptions options, Channel next) {
		return new SimpleForwardingClientCall<>(next.newCall(method, options)) {

			@Override
			public void start(Listener<R> listener, Metadata headers) {
				super.start(observed(listener), headers);
			}

			@Override
			public void sendMessage(Q message) {
				lost();
				super.sendMessage(message);
			}

		};
	}

	private <R> ClientCall.Listener<R> observed(ClientCall.Listener<R> listener) {
		return new SimpleForwardingClientCallListener<>(listener) {

			@Override
			public void onMessage(R message) {
				ContactInterceptor.this.lostAt.set(IN_CONTACT);
				super.onMessage(message);
			}

			@Override
			public void onClose(Status status, Metadata trailers) {
				switch (status.getCode()) {
					case UNAVAILABLE, DEADLINE_EXCEEDED -> lost();
					case CANCELLED -> {
						// Our own doing: it says nothing of etcd.
					}
					default -> ContactInterceptor.this.lostAt.set(IN_CONTACT);
				}
				super.onClose(status, trailers);
			}

		};
	}

	private void lost() {
		this.lostAt.compareAndSet(IN_CONTACT, this.ticker.getAsLong());
	}

}
