package io.github.etcddiscovery.grpc.it;

import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.Executor;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;

import io.grpc.BindableService;
import io.grpc.CallOptions;
import io.grpc.Channel;
import io.grpc.MethodDescriptor;
import io.grpc.MethodDescriptor.MethodType;
import io.grpc.ServerServiceDefinition;
import io.grpc.Status;
import io.grpc.stub.ClientCalls;
import io.grpc.stub.ServerCalls;
import io.grpc.stub.StreamObserver;

/**
 * A service without generated code: it answers with the name of whoever answers.
 */
final class Echo implements BindableService {

	/**
	 * How many messages a stream has.
	 */
	static final int MESSAGES = 10;

	/**
	 * Nothing says that it may be called twice.
	 */
	static final MethodDescriptor<String, String> WHO = method("Who", MethodType.UNARY, false);

	/**
	 * It says that it changes nothing, and takes 50 ms.
	 */
	static final MethodDescriptor<String, String> READ = method("Read", MethodType.UNARY, true);

	/**
	 * It takes half a second.
	 */
	static final MethodDescriptor<String, String> STREAM = method("Stream", MethodType.SERVER_STREAMING, false);

	/**
	 * It takes as long as its caller has patience.
	 */
	static final MethodDescriptor<String, String> NEVER = method("Never", MethodType.UNARY, true);

	/**
	 * It fails as often as it is told.
	 */
	static final MethodDescriptor<String, String> FAIL = method("Fail", MethodType.UNARY, true);

	private static final Executor AFTER_50_MS = CompletableFuture.delayedExecutor(50, TimeUnit.MILLISECONDS);

	private final String name;

	private final AtomicInteger calls = new AtomicInteger();

	Echo(String name) {
		this.name = name;
	}

	private static MethodDescriptor<String, String> method(String name, MethodType type, boolean safe) {
		return MethodDescriptor.<String, String>newBuilder()
			.setType(type)
			.setFullMethodName(MethodDescriptor.generateFullMethodName("test.Echo", name))
			.setRequestMarshaller(new Text())
			.setResponseMarshaller(new Text())
			.setSafe(safe)
			.build();
	}

	@Override
	public ServerServiceDefinition bindService() {
		return ServerServiceDefinition.builder("test.Echo")
			.addMethod(WHO, ServerCalls.asyncUnaryCall((request, answers) -> {
				answers.onNext(this.name);
				answers.onCompleted();
			}))
			.addMethod(READ, ServerCalls.asyncUnaryCall((request, answers) -> answer(answers, 1)))
			.addMethod(STREAM, ServerCalls.asyncServerStreamingCall((request, answers) -> answer(answers, MESSAGES)))
			.addMethod(NEVER, ServerCalls.asyncUnaryCall((request, answers) -> this.calls.incrementAndGet()))
			.addMethod(FAIL, ServerCalls.asyncUnaryCall((request, answers) -> {
				if (this.calls.incrementAndGet() <= Integer.parseInt(request)) {
					answers.onError(Status.UNAVAILABLE.withDescription("told to fail").asRuntimeException());
				}
				else {
					answer(answers, 1);
				}
			}))
			.build();
	}

	private void answer(StreamObserver<String> answers, int count) {
		AFTER_50_MS.execute(() -> {
			answers.onNext(this.name);
			if (count == 1) {
				answers.onCompleted();
			}
			else {
				answer(answers, count - 1);
			}
		});
	}

	/**
	 * How often it was called to fail, or never to answer.
	 */
	int calls() {
		return this.calls.get();
	}

	/**
	 * Who answers a call.
	 */
	static String call(Channel channel) {
		return call(channel, WHO, CallOptions.DEFAULT.withDeadlineAfter(10, TimeUnit.SECONDS), "");
	}

	static String call(Channel channel, MethodDescriptor<String, String> method, CallOptions options, String request) {
		return ClientCalls.blockingUnaryCall(channel, method, options, request);
	}

	private static final class Text implements MethodDescriptor.Marshaller<String> {

		@Override
		public InputStream stream(String value) {
			return new ByteArrayInputStream(value.getBytes(StandardCharsets.UTF_8));
		}

		@Override
		public String parse(InputStream stream) {
			try {
				return new String(stream.readAllBytes(), StandardCharsets.UTF_8);
			}
			catch (IOException ex) {
				throw new UncheckedIOException(ex);
			}
		}

	}

}
