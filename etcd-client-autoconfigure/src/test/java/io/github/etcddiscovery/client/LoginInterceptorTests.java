package io.github.etcddiscovery.client;

import java.time.Duration;
import java.util.List;
import java.util.Objects;

import io.github.etcddiscovery.core.ManualEventLoop;
import io.grpc.CallCredentials;
import io.grpc.CallOptions;
import io.grpc.Metadata;
import io.grpc.MethodDescriptor.MethodType;
import io.grpc.Status;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;

import org.springframework.util.unit.DataSize;

import static org.assertj.core.api.Assertions.assertThat;

/**
 * Tests for {@link LoginInterceptor}.
 */
class LoginInterceptorTests {

	private static final String LOGIN = "etcdserverpb.Auth/Authenticate";

	private final ManualEventLoop loop = new ManualEventLoop();

	private final FakeChannel channel = new FakeChannel();

	private final LoginInterceptor interceptor = new LoginInterceptor(
			new PropertiesEtcdConnectionDetails(new EtcdProperties(true, List.of("http://localhost:2379"), "user",
					"the-password", Duration.ofSeconds(5), Duration.ofSeconds(5), Duration.ofSeconds(10),
					Duration.ofSeconds(5), DataSize.ofMegabytes(4), null, SslProperties.none())),
			Duration.ofSeconds(2), this.loop);

	@Test
	void logsInOnceForAllWhoAskMeanwhile() {
		ask();
		ask();
		ask();
		assertThat(this.channel.count(LOGIN)).isEqualTo(1);
	}

	@Test
	void logsInAtMostOnceASecondHoweverOftenItIsRefused() {
		Outcome first = ask();
		refuse();
		assertThat(first.failure).isNotNull();
		assertThat(first.failure.getCode()).isEqualTo(Status.Code.UNAUTHENTICATED);
		for (int second = 1; second < 4; second++) {
			Outcome one = ask();
			Outcome other = ask();
			this.loop.advance(Duration.ofMillis(999));
			assertThat(this.channel.count(LOGIN)).as("not before its time").isEqualTo(second);
			this.loop.advance(Duration.ofMillis(1));
			assertThat(this.channel.count(LOGIN)).as("once for both").isEqualTo(second + 1);
			refuse();
			assertThat(one.failure).isNotNull();
			assertThat(other.failure).isNotNull();
		}
	}

	@Test
	void doesNotWaitAfterALogInThatDidNotReachEtcd() {
		Outcome outcome = ask();
		this.channel.last().close(Status.UNAVAILABLE);
		assertThat(Objects.requireNonNull(outcome.failure).getCode()).isEqualTo(Status.Code.UNAVAILABLE);
		ask();
		assertThat(this.channel.count(LOGIN)).isEqualTo(2);
	}

	private void refuse() {
		this.channel.last()
			.close(Status.INVALID_ARGUMENT
				.withDescription("etcdserver: authentication failed, invalid user ID or password"));
	}

	/**
	 * Make a call and let it want its token, as gRPC does when it has a connection.
	 */
	private Outcome ask() {
		Outcome outcome = new Outcome();
		this.interceptor.interceptCall(FakeChannel.method("etcdserverpb.KV/Range", MethodType.UNARY),
				CallOptions.DEFAULT, this.channel);
		CallCredentials credentials = this.channel.last().options().getCredentials();
		Objects.requireNonNull(credentials).applyRequestMetadata(null, Runnable::run, outcome);
		return outcome;
	}

	private static final class Outcome extends CallCredentials.MetadataApplier {

		private @Nullable Status failure;

		@Override
		public void apply(Metadata headers) {
		}

		@Override
		public void fail(Status status) {
			this.failure = status;
		}

	}

}
