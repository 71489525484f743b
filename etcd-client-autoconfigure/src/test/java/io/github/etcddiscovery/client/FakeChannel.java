package io.github.etcddiscovery.client;

import java.io.ByteArrayInputStream;
import java.io.InputStream;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;

import io.grpc.CallOptions;
import io.grpc.Channel;
import io.grpc.ClientCall;
import io.grpc.Metadata;
import io.grpc.MethodDescriptor;
import io.grpc.MethodDescriptor.MethodType;
import io.grpc.Status;
import org.jspecify.annotations.Nullable;

/**
 * A channel that leads nowhere and notes the calls made on it, for the test to answer.
 */
final class FakeChannel extends Channel {

	private final List<Call> calls = new ArrayList<>();

	/**
	 * A method whose messages are empty.
	 */
	static MethodDescriptor<String, String> method(String name, MethodType type) {
		return MethodDescriptor.newBuilder(new EmptyMarshaller(), new EmptyMarshaller())
			.setFullMethodName(name)
			.setType(type)
			.build();
	}

	/**
	 * The last call made.
	 */
	Call last() {
		return this.calls.get(this.calls.size() - 1);
	}

	/**
	 * How many calls of a method were made.
	 */
	long count(String method) {
		return this.calls.stream().filter((call) -> call.method.equals(method)).count();
	}

	@Override
	@SuppressWarnings("unchecked")
	public <Q, R> ClientCall<Q, R> newCall(MethodDescriptor<Q, R> method, CallOptions options) {
		Call call = new Call(method.getFullMethodName(), options);
		this.calls.add(call);
		return (ClientCall<Q, R>) call;
	}

	@Override
	public String authority() {
		return "nowhere";
	}

	/**
	 * A call that waits for the test's answer.
	 */
	static final class Call extends ClientCall<Object, Object> {

		private final String method;

		private final CallOptions options;

		private Runnable onCancel = () -> {
		};

		private @Nullable Listener<Object> listener;

		Call(String method, CallOptions options) {
			this.method = method;
			this.options = options;
		}

		CallOptions options() {
			return this.options;
		}

		void onCancel(Runnable action) {
			this.onCancel = action;
		}

		void message() {
			Objects.requireNonNull(this.listener).onMessage("");
		}

		void close(Status status) {
			Objects.requireNonNull(this.listener).onClose(status, new Metadata());
		}

		@Override
		public void start(Listener<Object> listener, Metadata headers) {
			this.listener = listener;
		}

		@Override
		public void request(int messages) {
		}

		@Override
		public void cancel(@Nullable String message, @Nullable Throwable cause) {
			this.onCancel.run();
		}

		@Override
		public void halfClose() {
		}

		@Override
		public void sendMessage(Object message) {
		}

	}

	private static final class EmptyMarshaller implements MethodDescriptor.Marshaller<String> {

		@Override
		public InputStream stream(String value) {
			return new ByteArrayInputStream(new byte[0]);
		}

		@Override
		public String parse(InputStream stream) {
			return "";
		}

	}

}
