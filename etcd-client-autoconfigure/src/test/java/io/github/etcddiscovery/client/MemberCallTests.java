package io.github.etcddiscovery.client;

import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;

import io.github.etcddiscovery.core.EtcdAccessException;
import io.github.etcddiscovery.core.EtcdAccessException.Kind;
import io.github.etcddiscovery.core.ManualEventLoop;
import io.grpc.CallOptions;
import io.grpc.ClientCall;
import io.grpc.ConnectivityState;
import io.grpc.ManagedChannel;
import io.grpc.MethodDescriptor;
import io.grpc.MethodDescriptor.MethodType;
import io.grpc.Status;
import org.junit.jupiter.api.Test;

import org.springframework.util.unit.DataSize;

import static org.assertj.core.api.Assertions.assertThat;

/**
 * Tests for {@link MemberCall}: what is asked again, of whom, and when.
 */
class MemberCallTests {

	private static final MethodDescriptor<String, String> METHOD = FakeChannel.method("etcdserverpb.KV/Range",
			MethodType.UNARY);

	private static final CallPolicy WRITE = CallPolicy.of(Duration.ofSeconds(4));

	private static final CallPolicy READ = WRITE.andHedged();

	private final ManualEventLoop loop = new ManualEventLoop();

	/**
	 * The channels in the order in which they were asked.
	 */
	private final List<Line> asked = new ArrayList<>();

	private final LoginInterceptor login = new LoginInterceptor(
			new PropertiesEtcdConnectionDetails(new EtcdProperties(true, List.of("http://a:1"), null, null,
					Duration.ofSeconds(5), Duration.ofSeconds(5), Duration.ofSeconds(10), Duration.ofSeconds(5),
					DataSize.ofMegabytes(4), null, SslProperties.none())),
			Duration.ofSeconds(2), this.loop);

	private Members members = members(3);

	@Test
	void stayWithTheMemberThatAnswers() {
		for (int i = 0; i < 3; i++) {
			CompletableFuture<String> answer = call(READ);
			last().answer();
			assertThat(answer).isCompletedWithValue("");
		}
		assertThat(this.asked).hasSize(3).containsOnly(this.asked.get(0));
	}

	@Test
	void asksEachMemberOnceAndAtOnceWhenTheyAreOfNoUse() {
		CompletableFuture<String> answer = call(WRITE);
		last().fail(Status.UNAVAILABLE.withDescription("etcdserver: no leader"));
		last().fail(Status.FAILED_PRECONDITION.withDescription("etcdserver: rpc not supported for learner"));
		last().fail(Status.UNAVAILABLE.withDescription("Connection refused"));
		assertThat(this.asked).hasSize(3).doesNotHaveDuplicates();
		assertThat(failure(answer)).isEqualTo(Kind.UNREACHABLE);
	}

	@Test
	void returnsToTheOneThatWasPassedByTheLongestTimeAgo() {
		call(WRITE);
		last().fail(Status.UNAVAILABLE);
		this.loop.advance(Duration.ofMillis(10));
		last().fail(Status.UNAVAILABLE);
		last().answer();
		call(WRITE);
		assertThat(last()).isSameAs(this.asked.get(2));
		last().fail(Status.UNAVAILABLE);
		assertThat(last().endpoint).isEqualTo(this.asked.get(0).endpoint);
	}

	@Test
	void connectsAtOnceToAMemberThatFailedToConnect() {
		this.members = members(1);
		CompletableFuture<String> answer = call(WRITE);
		last().state = ConnectivityState.TRANSIENT_FAILURE;
		last().fail(Status.UNAVAILABLE);
		assertThat(this.asked).as("over a fresh channel").hasSize(2).doesNotHaveDuplicates();
		assertThat(this.asked.get(0).shutdown).isTrue();
		last().fail(Status.UNAVAILABLE);
		assertThat(failure(answer)).as("but only once").isEqualTo(Kind.UNREACHABLE);
	}

	@Test
	void givesUpAMemberThatDoesNotConnectForTheNextOne() {
		call(WRITE);
		last().state = ConnectivityState.CONNECTING;
		this.loop.advance(WRITE.patience());
		assertThat(this.asked).hasSize(2);
		assertThat(this.asked.get(0).cancelled).isTrue();
	}

	@Test
	void waitsForTheOnlyMemberToConnect() {
		this.members = members(1);
		CompletableFuture<String> answer = call(WRITE);
		last().state = ConnectivityState.CONNECTING;
		this.loop.advance(WRITE.patience().multipliedBy(2));
		assertThat(this.asked).hasSize(1);
		last().answer();
		assertThat(answer).isCompletedWithValue("");
	}

	@Test
	void asksASecondMemberWhileTheFirstKeepsAReadWaiting() {
		CompletableFuture<String> answer = call(READ);
		this.loop.advance(READ.patience());
		assertThat(this.asked).hasSize(2);
		assertThat(this.asked.get(0).cancelled).as("it may answer yet").isFalse();
		last().answer();
		assertThat(answer).isCompletedWithValue("");
		assertThat(this.asked.get(0).cancelled).isTrue();
		call(READ);
		assertThat(last()).as("and the next read goes to it").isSameAs(this.asked.get(1));
	}

	@Test
	void takesTheAnswerOfTheFirstIfThatComesAfterAll() {
		CompletableFuture<String> answer = call(READ);
		this.loop.advance(READ.patience());
		this.asked.get(0).answer();
		assertThat(answer).isCompletedWithValue("");
		assertThat(last().cancelled).isTrue();
	}

	@Test
	void asksTheOnlyMemberOverAFreshConnectionWhenNothingIsHeardOverItsOwn() {
		this.members = members(1);
		call(READ);
		this.loop.advance(READ.patience());
		assertThat(this.asked).hasSize(2).doesNotHaveDuplicates();
		this.loop.advance(READ.patience());
		assertThat(this.asked).as("and not again and again").hasSize(2);
	}

	@Test
	void doesNotAskTwoMembersToWrite() {
		call(WRITE);
		this.loop.advance(WRITE.patience().multipliedBy(3));
		assertThat(this.asked).hasSize(1);
	}

	@Test
	void passesByAMemberThatDidNotAnswerInTime() {
		CompletableFuture<String> answer = call(WRITE);
		this.loop.advance(WRITE.timeout());
		last().fail(Status.DEADLINE_EXCEEDED);
		assertThat(failure(answer)).isEqualTo(Kind.TIMED_OUT);
		assertThat(this.asked.get(0).shutdown).as("its connection is of no use").isTrue();
		call(WRITE);
		assertThat(last().endpoint).isNotEqualTo(this.asked.get(0).endpoint);
	}

	@Test
	void asksOnceMoreWithANewToken() {
		CompletableFuture<String> answer = call(WRITE);
		Status refused = Status.UNAUTHENTICATED.withDescription("etcdserver: invalid auth token");
		last().fail(refused);
		assertThat(this.asked).hasSize(2).containsOnly(this.asked.get(0));
		last().fail(refused);
		assertThat(failure(answer)).isEqualTo(Kind.UNAUTHENTICATED);
	}

	@Test
	void takesAnAnswerForAnAnswer() {
		CompletableFuture<String> answer = call(READ);
		last().fail(Status.PERMISSION_DENIED.withDescription("etcdserver: permission denied"));
		assertThat(failure(answer)).isEqualTo(Kind.PERMISSION_DENIED);
		assertThat(this.asked).hasSize(1);
	}

	private Members members(int count) {
		List<Endpoint> endpoints = new ArrayList<>();
		for (int port = 1; port <= count; port++) {
			endpoints.add(new Endpoint("localhost", port, false));
		}
		return new Members(endpoints, Line::new, this.loop.nanoTime());
	}

	private CompletableFuture<String> call(CallPolicy policy) {
		CompletableFuture<String> answer = new CompletableFuture<>();
		MemberCall<String, String> call = new MemberCall<>(this.members, this.loop,
				(failure) -> EtcdFailures.translate(failure, "nowhere"), this.login, METHOD, "", policy, answer);
		this.loop.execute(call::start);
		this.loop.advance(Duration.ZERO);
		return answer;
	}

	private Line last() {
		return this.asked.get(this.asked.size() - 1);
	}

	private static Kind failure(CompletableFuture<?> answer) {
		assertThat(answer).isCompletedExceptionally();
		return answer.handle((result, failure) -> EtcdAccessException.of(failure).getKind()).join();
	}

	/**
	 * A channel to one member.
	 */
	private final class Line extends ManagedChannel {

		private final Endpoint endpoint;

		private final FakeChannel channel = new FakeChannel();

		private ConnectivityState state = ConnectivityState.READY;

		private boolean shutdown;

		private boolean cancelled;

		Line(Endpoint endpoint) {
			this.endpoint = endpoint;
		}

		void answer() {
			this.channel.last().message();
			fail(Status.OK);
		}

		void fail(Status status) {
			this.channel.last().close(status);
			MemberCallTests.this.loop.advance(Duration.ZERO);
		}

		@Override
		public <Q, R> ClientCall<Q, R> newCall(MethodDescriptor<Q, R> method, CallOptions options) {
			MemberCallTests.this.asked.add(this);
			ClientCall<Q, R> call = this.channel.newCall(method, options);
			this.channel.last().onCancel(() -> this.cancelled = true);
			return call;
		}

		@Override
		public ConnectivityState getState(boolean requestConnection) {
			return this.state;
		}

		@Override
		public String authority() {
			return this.endpoint.authority();
		}

		@Override
		public ManagedChannel shutdown() {
			this.shutdown = true;
			return this;
		}

		@Override
		public ManagedChannel shutdownNow() {
			return shutdown();
		}

		@Override
		public boolean isShutdown() {
			return this.shutdown;
		}

		@Override
		public boolean isTerminated() {
			return this.shutdown;
		}

		@Override
		public boolean awaitTermination(long timeout, TimeUnit unit) {
			return this.shutdown;
		}

	}

}
