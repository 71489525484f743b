package io.github.etcddiscovery.client;

import java.io.IOException;
import java.net.ConnectException;
import java.util.concurrent.CompletionException;
import java.util.concurrent.ExecutionException;
import java.util.stream.Stream;

import io.github.etcddiscovery.core.EtcdAccessException;
import io.github.etcddiscovery.core.EtcdAccessException.Kind;
import io.grpc.Status;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;

import static org.assertj.core.api.Assertions.assertThat;

/**
 * Tests for {@link EtcdFailures}.
 */
class EtcdFailuresTests {

	private static final String ENDPOINTS = "http://a:1,http://b:2";

	static Stream<Arguments> failures() {
		return Stream.of(failure(Kind.UNREACHABLE, Status.UNAVAILABLE.withDescription("io exception")),
				failure(Kind.TIMED_OUT, Status.DEADLINE_EXCEEDED.withDescription("deadline exceeded after 1s")),
				failure(Kind.NO_LEADER, Status.UNAVAILABLE.withDescription("etcdserver: no leader")),
				failure(Kind.NO_LEADER, Status.UNAVAILABLE.withDescription("etcdserver: leader changed")),
				failure(Kind.UNAUTHENTICATED, Status.UNAUTHENTICATED.withDescription("etcdserver: invalid auth token")),
				failure(Kind.UNAUTHENTICATED,
						Status.UNAUTHENTICATED.withCause(Status.INVALID_ARGUMENT
							.withDescription("etcdserver: authentication failed, invalid user ID or password")
							.asRuntimeException())),
				failure(Kind.UNAUTHENTICATED,
						Status.INVALID_ARGUMENT.withDescription("etcdserver: user name is empty")),
				failure(Kind.UNREACHABLE,
						Status.UNAUTHENTICATED.withCause(Status.UNAVAILABLE.withDescription("io exception")
							.withCause(new ConnectException("Connection refused"))
							.asRuntimeException())),
				failure(Kind.TIMED_OUT,
						Status.UNAUTHENTICATED.withCause(Status.DEADLINE_EXCEEDED.asRuntimeException())),
				failure(Kind.PERMISSION_DENIED,
						Status.PERMISSION_DENIED.withDescription("etcdserver: permission denied")),
				failure(Kind.LEASE_NOT_FOUND,
						Status.NOT_FOUND.withDescription("etcdserver: requested lease not found")),
				failure(Kind.COMPACTED,
						Status.OUT_OF_RANGE.withDescription("etcdserver: mvcc: required revision has been compacted")),
				failure(Kind.NO_SPACE,
						Status.RESOURCE_EXHAUSTED.withDescription("etcdserver: mvcc: database space exceeded")),
				failure(Kind.OVERLOADED, Status.RESOURCE_EXHAUSTED.withDescription("etcdserver: too many requests")),
				failure(Kind.TOO_LARGE,
						Status.RESOURCE_EXHAUSTED
							.withDescription("gRPC message exceeds maximum size 4194304: 5000000")),
				failure(Kind.CANCELLED, Status.CANCELLED), failure(Kind.OTHER, Status.DATA_LOSS));
	}

	private static Arguments failure(Kind kind, Status status) {
		return Arguments.of(kind, status);
	}

	@ParameterizedTest
	@MethodSource("failures")
	void tellsFailuresApartHoweverTheyAreWrapped(Kind kind, Status status) {
		RuntimeException raw = status.asRuntimeException();
		assertThat(translate(raw).getKind()).isEqualTo(kind);
		assertThat(translate(new ExecutionException(raw)).getKind()).isEqualTo(kind);
		assertThat(translate(new CompletionException(new ExecutionException(raw))).getKind()).isEqualTo(kind);
	}

	@Test
	void saysWhereAndWhy() {
		Throwable failure = Status.UNAVAILABLE.withDescription("io exception")
			.withCause(new ConnectException("Connection refused\nwith details"))
			.asRuntimeException();
		assertThat(translate(failure).describe())
			.isEqualTo("etcd can't be reached at http://a:1,http://b:2 (Connection refused). "
					+ "Check that etcd runs and that 'spring.cloud.etcd.endpoints' names it");
	}

	@Test
	void suspectsThatAServerDoesNotSpeakTlsWhenItResetsTheConnection() {
		Throwable failure = Status.UNAVAILABLE.withDescription("io exception")
			.withCause(new IOException("recvAddress(..) failed with error(-104): Connection reset by peer"))
			.asRuntimeException();
		assertThat(EtcdFailures.translate(failure, "https://a:1"))
			.hasMessageContaining("Connection reset by peer; perhaps only one of the two speaks TLS");
		assertThat(translate(failure)).hasMessageNotContaining("TLS");
	}

	@Test
	void leavesWhatIsTranslatedAlready() {
		EtcdAccessException failure = new EtcdAccessException(Kind.INCOHERENT, "incoherent", null);
		assertThat(translate(new CompletionException(failure))).isSameAs(failure);
	}

	private static EtcdAccessException translate(Throwable failure) {
		return EtcdFailures.translate(failure, ENDPOINTS);
	}

}
