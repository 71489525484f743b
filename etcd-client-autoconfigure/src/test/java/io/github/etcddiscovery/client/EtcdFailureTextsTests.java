package io.github.etcddiscovery.client;

import java.net.ConnectException;
import java.util.concurrent.CancellationException;
import java.util.concurrent.CompletionException;
import java.util.concurrent.ExecutionException;

import io.github.etcddiscovery.core.EtcdAccessException;
import io.github.etcddiscovery.core.EtcdAccessException.Kind;
import io.grpc.Status;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

import static org.assertj.core.api.Assertions.assertThat;

/**
 * Tests for {@link EtcdFailures}, with the texts that etcd and gRPC send.
 */
class EtcdFailureTextsTests {

	private static final String ENDPOINTS = "http://etcd-1:2379,http://etcd-2:2379";

	@ParameterizedTest
	@CsvSource(delimiter = '|',
			textBlock = """
					NOT_FOUND           | etcdserver: requested lease not found                               | LEASE_NOT_FOUND
					OUT_OF_RANGE        | etcdserver: mvcc: required revision has been compacted              | COMPACTED
					RESOURCE_EXHAUSTED  | etcdserver: mvcc: database space exceeded                           | NO_SPACE
					RESOURCE_EXHAUSTED  | etcdserver: too many requests                                       | OVERLOADED
					UNAVAILABLE         | etcdserver: no leader                                               | NO_LEADER
					UNAVAILABLE         | etcdserver: leader changed                                          | NO_LEADER
					UNAVAILABLE         | etcdserver: request timed out                                       | TIMED_OUT
					UNAVAILABLE         | etcdserver: request timed out, possibly due to previous leader failure | TIMED_OUT
					UNAVAILABLE         | etcdserver: request timed out, possibly due to connection lost      | TIMED_OUT
					UNKNOWN             | context deadline exceeded                                           | TIMED_OUT
					UNAVAILABLE         | etcdserver: server stopped                                          | UNREACHABLE
					PERMISSION_DENIED   | etcdserver: permission denied                                       | PERMISSION_DENIED
					UNAUTHENTICATED     | etcdserver: invalid auth token                                      | UNAUTHENTICATED
					INVALID_ARGUMENT    | etcdserver: authentication failed, invalid user ID or password      | UNAUTHENTICATED
					INVALID_ARGUMENT    | etcdserver: user name is empty                                      | UNAUTHENTICATED
					INVALID_ARGUMENT    | etcdserver: revision of auth store is old                           | UNAUTHENTICATED
					UNAVAILABLE         | etcdserver: rpc not supported for learner                           | LEARNER
					FAILED_PRECONDITION | etcdserver: rpc not supported for learner                           | LEARNER
					UNAUTHENTICATED     | etcdserver: rpc not supported for learner                           | LEARNER
					FAILED_PRECONDITION | etcdserver: authentication is not enabled                           | UNAUTHENTICATED
					INVALID_ARGUMENT    | etcdserver: request is too large                                    | OTHER
					INVALID_ARGUMENT    | etcdserver: key is not provided                                     | OTHER
					RESOURCE_EXHAUSTED  | gRPC message exceeds maximum size 4194304: 5000000                  | TOO_LARGE
					UNAVAILABLE         | Channel shutdownNow invoked                                         | CANCELLED
					""")
	void knowsTheTextsOfEtcdHoweverTheyArrive(Status.Code code, String text, Kind kind) {
		Status status = code.toStatus().withDescription(text);
		assertThat(translate(status.asRuntimeException()).getKind()).isEqualTo(kind);
		assertThat(translate(status.asException()).getKind()).isEqualTo(kind);
		assertThat(translate(new CompletionException(new ExecutionException(status.asRuntimeException()))).getKind())
			.isEqualTo(kind);
	}

	@ParameterizedTest
	@CsvSource({ "UNAVAILABLE,UNREACHABLE", "DEADLINE_EXCEEDED,TIMED_OUT", "UNAUTHENTICATED,UNAUTHENTICATED",
			"PERMISSION_DENIED,PERMISSION_DENIED", "CANCELLED,CANCELLED", "INTERNAL,OTHER", "UNKNOWN,OTHER",
			"NOT_FOUND,OTHER", "RESOURCE_EXHAUSTED,OTHER" })
	void goesByTheStatusWhenTheTextSaysNothing(Status.Code code, Kind kind) {
		assertThat(translate(code.toStatus().asRuntimeException()).getKind()).isEqualTo(kind);
		assertThat(translate(new IllegalStateException(code.toStatus().asException())).getKind()).isEqualTo(kind);
	}

	@Test
	void takesARefusalByTheOperatingSystemForNoneOfEtcds() {
		Status status = Status.UNAVAILABLE.withDescription("io exception")
			.withCause(new ConnectException("Permission denied: /10.0.0.1:2379"));
		EtcdAccessException failure = translate(status.asRuntimeException());
		assertThat(failure.getKind()).isEqualTo(Kind.UNREACHABLE);
		assertThat(failure)
			.hasMessage("etcd can't be reached at " + ENDPOINTS + " (Permission denied: /10.0.0.1:2379)");
	}

	@Test
	void takesACancelledFutureForGivenUp() {
		assertThat(translate(new CancellationException()).getKind()).isEqualTo(Kind.CANCELLED);
	}

	@Test
	void hasAMessageOnOneLineWhateverHappened() {
		assertThat(translate(new IllegalStateException()).getMessage()).isEqualTo("IllegalStateException");
		assertThat(translate(new IllegalStateException("one\ntwo\r\nthree")).getMessage()).isEqualTo("one");
	}

	@Test
	void namesTheEndpointsAndWhatToDoWhenTheCredentialsAreRefused() {
		Status status = Status.INVALID_ARGUMENT
			.withDescription("etcdserver: authentication failed, invalid user ID or password");
		EtcdAccessException failure = translate(
				Status.UNAUTHENTICATED.withCause(status.asRuntimeException()).asRuntimeException());
		assertThat(failure.getKind()).isEqualTo(Kind.UNAUTHENTICATED);
		assertThat(failure.describe()).contains(ENDPOINTS)
			.contains("spring.cloud.etcd.username", "spring.cloud.etcd.password");
	}

	private static EtcdAccessException translate(Throwable failure) {
		return EtcdFailures.translate(failure, ENDPOINTS);
	}

}
