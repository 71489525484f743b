package io.github.etcddiscovery.proof;

import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.util.concurrent.CompletableFuture;

import io.grpc.BindableService;
import io.grpc.CallOptions;
import io.grpc.Channel;
import io.grpc.MethodDescriptor;
import io.grpc.MethodDescriptor.MethodType;
import io.grpc.ServerServiceDefinition;
import io.grpc.stub.ClientCalls;
import io.grpc.stub.ServerCalls;
import io.grpc.stub.StreamObserver;

/**
 * Says who answers, by gRPC: once, or in a stream for a quarter of a second. It has no
 * generated code, so that the build needs no compiler for it.
 */
final class NameService implements BindableService {

	private static final int MESSAGES = 5;

	private static final MethodDescriptor<String, String> NAME = method("Name", MethodType.UNARY);

	private static final MethodDescriptor<String, String> NAMES = method("Names", MethodType.SERVER_STREAMING);

	private final String name;

	NameService(String name) {
		this.name = name;
	}

	/**
	 * It changes nothing and says so, as a {@code GET} does.
	 */
	private static MethodDescriptor<String, String> method(String name, MethodType type) {
		return MethodDescriptor.<String, String>newBuilder()
			.setType(type)
			.setFullMethodName(MethodDescriptor.generateFullMethodName("proof.Names", name))
			.setRequestMarshaller(new Text())
			.setResponseMarshaller(new Text())
			.setSafe(true)
			.build();
	}

	@Override
	public ServerServiceDefinition bindService() {
		return ServerServiceDefinition.builder("proof.Names")
			.addMethod(NAME, ServerCalls.asyncUnaryCall((request, answers) -> answer(answers, 1)))
			.addMethod(NAMES, ServerCalls.asyncServerStreamingCall((request, answers) -> answer(answers, MESSAGES)))
			.build();
	}

	private void answer(StreamObserver<String> answers, int count) {
		ProviderApplication.AFTER_50_MS.execute(() -> {
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
	 * Ask once.
	 * @return the name of the instance that answers
	 */
	static CompletableFuture<String> name(Channel channel, CallOptions options) {
		Answers answers = new Answers(1);
		ClientCalls.asyncUnaryCall(channel.newCall(NAME, options), "", answers);
		return answers.last;
	}

	/**
	 * Ask for a stream.
	 * @return the name of the instance that answers, when the stream has ended with all
	 * that belongs to it
	 */
	static CompletableFuture<String> names(Channel channel, CallOptions options) {
		Answers answers = new Answers(MESSAGES);
		ClientCalls.asyncServerStreamingCall(channel.newCall(NAMES, options), "", answers);
		return answers.last;
	}

	private static final class Answers implements StreamObserver<String> {

		private final CompletableFuture<String> last = new CompletableFuture<>();

		private final int expected;

		private int count;

		private String name = "";

		Answers(int expected) {
			this.expected = expected;
		}

		@Override
		public void onNext(String name) {
			this.name = name;
			this.count++;
		}

		@Override
		public void onError(Throwable failure) {
			this.last.completeExceptionally(failure);
		}

		@Override
		public void onCompleted() {
			if (this.count == this.expected) {
				this.last.complete(this.name);
			}
			else {
				this.last.completeExceptionally(new IllegalStateException(
						"The stream has ended after %d of %d messages".formatted(this.count, this.expected)));
			}
		}

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
