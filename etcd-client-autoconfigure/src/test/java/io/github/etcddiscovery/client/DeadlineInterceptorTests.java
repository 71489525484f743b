package io.github.etcddiscovery.client;

import java.time.Duration;
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;

import io.etcd.jetcd.api.ElectionGrpc;
import io.etcd.jetcd.api.KVGrpc;
import io.etcd.jetcd.api.MaintenanceGrpc;
import io.etcd.jetcd.api.lock.LockGrpc;
import io.grpc.CallOptions;
import io.grpc.Deadline;
import io.grpc.MethodDescriptor.MethodType;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;

import static org.assertj.core.api.Assertions.assertThat;

/**
 * Tests for {@link DeadlineInterceptor}.
 */
class DeadlineInterceptorTests {

	private static final Duration REQUEST_TIMEOUT = Duration.ofSeconds(100);

	private final FakeChannel channel = new FakeChannel();

	@Test
	void boundsEveryUnaryCall() {
		assertDeadline(deadline("etcdserverpb.KV/Range", MethodType.UNARY), REQUEST_TIMEOUT);
		assertDeadline(deadline("etcdserverpb.KV/Txn", MethodType.UNARY), REQUEST_TIMEOUT);
		assertDeadline(deadline("etcdserverpb.Lease/LeaseGrant", MethodType.UNARY), REQUEST_TIMEOUT);
		assertDeadline(deadline("etcdserverpb.Auth/Authenticate", MethodType.UNARY), REQUEST_TIMEOUT);
	}

	@Test
	void letsStreamsLive() {
		assertThat(deadline("etcdserverpb.Watch/Watch", MethodType.BIDI_STREAMING)).isNull();
		assertThat(deadline("etcdserverpb.Lease/LeaseKeepAlive", MethodType.BIDI_STREAMING)).isNull();
	}

	/**
	 * By the names that jetcd's stubs have for them.
	 */
	@Test
	void letsWaitWhatWaitsForSomethingElseThanTheNetwork() {
		Stream
			.of(LockGrpc.getLockMethod(), ElectionGrpc.getCampaignMethod(), KVGrpc.getCompactMethod(),
					MaintenanceGrpc.getDefragmentMethod(), MaintenanceGrpc.getHashMethod(),
					MaintenanceGrpc.getHashKVMethod(), MaintenanceGrpc.getSnapshotMethod())
			.forEach((method) -> assertThat(deadline(method.getFullMethodName(), method.getType()))
				.as(method.getFullMethodName())
				.isNull());
		assertDeadline(deadline("v3lockpb.Lock/Unlock", MethodType.UNARY), REQUEST_TIMEOUT);
		assertDeadline(deadline("etcdserverpb.Maintenance/Status", MethodType.UNARY), REQUEST_TIMEOUT);
	}

	@Test
	void keepsADeadlineThatACallHasAlready() {
		Deadline own = Deadline.after(1, TimeUnit.SECONDS);
		CallOptions options = CallOptions.DEFAULT.withDeadline(own);
		assertThat(deadline("etcdserverpb.KV/Range", MethodType.UNARY, options)).isEqualTo(own);
	}

	private @Nullable Deadline deadline(String method, MethodType type) {
		return deadline(method, type, CallOptions.DEFAULT);
	}

	private @Nullable Deadline deadline(String method, MethodType type, CallOptions options) {
		new DeadlineInterceptor(REQUEST_TIMEOUT).interceptCall(FakeChannel.method(method, type), options, this.channel);
		return this.channel.last().options().getDeadline();
	}

	private static void assertDeadline(@Nullable Deadline deadline, Duration timeout) {
		assertThat(deadline).isNotNull();
		assertThat(deadline.timeRemaining(TimeUnit.MILLISECONDS)).isBetween(timeout.toMillis() - 10_000,
				timeout.toMillis());
	}

}
