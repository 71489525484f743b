package io.github.etcddiscovery.client;

import java.time.Duration;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import java.util.function.Consumer;
import java.util.function.Function;

import io.etcd.jetcd.api.WatchGrpc;
import io.etcd.jetcd.api.WatchProgressRequest;
import io.etcd.jetcd.api.WatchRequest;
import io.etcd.jetcd.api.WatchResponse;
import io.github.etcddiscovery.client.Member.Standing;
import io.github.etcddiscovery.core.EtcdAccessException;
import io.github.etcddiscovery.core.EtcdAccessException.Kind;
import io.github.etcddiscovery.core.EventLoop;
import io.grpc.CallOptions;
import io.grpc.ClientCall;
import io.grpc.ManagedChannel;
import io.grpc.Metadata;
import io.grpc.MethodDescriptor;
import io.grpc.Status;
import io.grpc.stub.ClientCalls;
import io.grpc.stub.StreamObserver;
import org.jspecify.annotations.Nullable;

/**
 * One watch on one stream to one member. The watch ends with its first failure, without a
 * retry. The methods can be called from any thread and do their work on the loop.
 */
final class WatchStream {

	private final EventLoop loop;

	private final Function<Throwable, EtcdAccessException> translation;

	private final WatchRequest request;

	private final Consumer<WatchResponse> onResponse;

	private final Consumer<EtcdAccessException> onEnd;

	private @Nullable Running running;

	private boolean closed;

	/**
	 * Create a stream that does nothing until it is started.
	 * @param loop the loop of the connection
	 * @param translation translates gRPC's exceptions
	 * @param request the range to watch
	 * @param onResponse receives one response at a time, on gRPC's threads
	 * @param onEnd receives the reason when the watch has ended, unless it was closed
	 */
	WatchStream(EventLoop loop, Function<Throwable, EtcdAccessException> translation, WatchRequest request,
			Consumer<WatchResponse> onResponse, Consumer<EtcdAccessException> onEnd) {
		this.loop = loop;
		this.translation = translation;
		this.request = request;
		this.onResponse = onResponse;
		this.onEnd = onEnd;
	}

	/**
	 * Start the watch. To be called on the loop.
	 */
	void start(Member member) {
		this.loop.assertInLoop();
		if (!this.closed) {
			this.running = new Running(member);
			this.running.start();
		}
	}

	/**
	 * Ask the watch for a sign of life.
	 */
	void requestProgress() {
		this.loop.execute(() -> {
			if (this.running != null) {
				this.running.send(WatchRequest.newBuilder()
					.setProgressRequest(WatchProgressRequest.getDefaultInstance())
					.build());
			}
		});
	}

	/**
	 * Make a request of the watch's member, over the same channel.
	 * @param timeout the deadline of the request
	 */
	<Q, R> CompletableFuture<R> ask(MethodDescriptor<Q, R> method, Q request, Duration timeout) {
		CompletableFuture<R> answer = new CompletableFuture<>();
		this.loop.execute(() -> {
			if (this.running == null) {
				answer.completeExceptionally(new EtcdAccessException(Kind.CANCELLED, "the watch has ended", null));
				return;
			}
			CallOptions options = CallOptions.DEFAULT.withDeadlineAfter(timeout.toMillis(), TimeUnit.MILLISECONDS)
				.withOption(LeaderInterceptor.LEADERLESS, true);
			ClientCalls.asyncUnaryCall(this.running.channel.newCall(method, options), request, new StreamObserver<>() {

				@Override
				public void onNext(R response) {
					answer.complete(response);
				}

				@Override
				public void onError(Throwable failure) {
					answer.completeExceptionally(WatchStream.this.translation.apply(failure));
				}

				@Override
				public void onCompleted() {
				}

			});
		});
		return answer;
	}

	/**
	 * Keep other calls away from the member, which has fallen silent.
	 */
	void shun() {
		this.loop.execute(() -> {
			if (this.running != null) {
				this.running.member.silent(this.running.channel, this.loop.nanoTime());
			}
		});
	}

	/**
	 * End the watch and free its stream.
	 */
	void close() {
		this.loop.execute(() -> {
			this.closed = true;
			if (this.running != null) {
				this.running.call.cancel("the watch was closed", null);
				this.running = null;
			}
		});
	}

	/**
	 * The running stream.
	 */
	private final class Running extends ClientCall.Listener<WatchResponse> {

		private final Member member;

		private final ManagedChannel channel;

		private final ClientCall<WatchRequest, WatchResponse> call;

		Running(Member member) {
			this.member = member;
			this.channel = member.channel();
			this.call = this.channel.newCall(WatchGrpc.getWatchMethod(), CallOptions.DEFAULT);
		}

		void start() {
			this.call.start(this, new Metadata());
			this.call.request(1);
			this.call.sendMessage(WatchStream.this.request);
		}

		void send(WatchRequest request) {
			this.call.sendMessage(request);
		}

		@Override
		public void onMessage(WatchResponse response) {
			this.member.heard(WatchStream.this.loop.nanoTime());
			WatchStream.this.onResponse.accept(response);
			this.call.request(1);
		}

		@Override
		public void onClose(Status status, Metadata trailers) {
			EtcdAccessException failure = WatchStream.this.translation
				.apply((status.isOk() ? Status.CANCELLED.withDescription("etcd ended the watch") : status)
					.asRuntimeException(trailers));
			WatchStream.this.loop.execute(() -> {
				Standing standing = Standing.after(failure.getKind());
				if (standing != null) {
					this.member.passBy(standing, WatchStream.this.loop.nanoTime());
				}
				if (WatchStream.this.running == this) {
					WatchStream.this.running = null;
					WatchStream.this.onEnd.accept(failure);
				}
			});
		}

	}

}
