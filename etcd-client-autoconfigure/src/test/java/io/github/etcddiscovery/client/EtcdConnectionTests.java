package io.github.etcddiscovery.client;

import java.io.IOException;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;

import io.etcd.jetcd.api.KVGrpc;
import io.etcd.jetcd.api.RangeRequest;
import io.etcd.jetcd.api.RangeResponse;
import io.etcd.jetcd.api.WatchRequest;
import io.github.etcddiscovery.core.EtcdAccessException;
import io.github.etcddiscovery.core.EtcdAccessException.Kind;
import org.awaitility.Awaitility;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

import org.springframework.util.unit.DataSize;

import static org.assertj.core.api.Assertions.assertThat;

/**
 * Tests for {@link EtcdConnection}, against a port where nobody listens or one that never
 * answers.
 */
class EtcdConnectionTests {

	private static final Duration REQUEST_TIMEOUT = Duration.ofSeconds(8);

	private ServerSocket silent;

	private EtcdConnection connection;

	@BeforeEach
	void connect() throws IOException {
		int port;
		try (ServerSocket socket = new ServerSocket(0, 1, InetAddress.getLoopbackAddress())) {
			port = socket.getLocalPort();
		}
		this.silent = new ServerSocket(0, 50, InetAddress.getLoopbackAddress());
		this.connection = connection("http://127.0.0.1:" + port);
	}

	private static EtcdConnection connection(String endpoint) {
		EtcdProperties properties = new EtcdProperties(true, List.of(endpoint), "user", "the-password",
				Duration.ofSeconds(3), REQUEST_TIMEOUT, Duration.ofSeconds(10), Duration.ofSeconds(5),
				DataSize.ofMegabytes(4), null, SslProperties.none());
		return new EtcdConnection(new EtcdClientFactory(properties, new PropertiesEtcdConnectionDetails(properties),
				List.of(), List.of()), REQUEST_TIMEOUT);
	}

	@AfterEach
	void close() throws IOException {
		this.connection.close();
		this.silent.close();
	}

	@Test
	void failsAtOnceWhereNobodyListens() {
		assertThat(failureOf(read(this.connection)).getKind()).isEqualTo(Kind.UNREACHABLE);
	}

	@Test
	void refusesOnceItIsClosed() {
		read(this.connection);
		this.connection.close();
		this.connection.close();
		assertThat(failureOf(read(this.connection)).getKind()).isEqualTo(Kind.CANCELLED);
	}

	@Test
	void staysClosedWhenItIsOpenedAgain() {
		this.connection.close();
		this.connection.open();
		assertThat(failureOf(read(this.connection)).getKind()).isEqualTo(Kind.CANCELLED);
	}

	@Test
	void asksAgainOnceItIsOpenedAgain() {
		this.connection.stop();
		assertThat(failureOf(read(this.connection)).getKind()).isEqualTo(Kind.CANCELLED);
		this.connection.open();
		assertThat(failureOf(read(this.connection)).getKind()).isEqualTo(Kind.UNREACHABLE);
	}

	@Test
	void failsWhatIsUnansweredWhenItIsClosed() throws IOException {
		try (EtcdConnection waiting = connection("http://127.0.0.1:" + this.silent.getLocalPort())) {
			CompletableFuture<RangeResponse> answer = read(waiting);
			assertThat(answer).isNotDone();
			waiting.close();
			assertThat(failureOf(answer).getKind()).isEqualTo(Kind.CANCELLED);
		}
	}

	@Test
	void failsAWatchThatIsAskedForOnceItIsClosed() {
		this.connection.close();
		CompletableFuture<EtcdAccessException> end = new CompletableFuture<>();
		WatchStream watch = this.connection.watch(WatchRequest.getDefaultInstance(), (response) -> {
		}, end::complete);
		assertThat(end).succeedsWithin(Duration.ofSeconds(5))
			.satisfies((failure) -> assertThat(failure.getKind()).isEqualTo(Kind.CANCELLED));
		watch.requestProgress();
		watch.shun();
		watch.close();
	}

	@Test
	void endsItsThreadWhenItIsClosed() {
		read(this.connection);
		assertThat(threads()).isPositive();
		this.connection.close();
		Awaitility.await().until(() -> threads() == 0);
	}

	private static long threads() {
		return Thread.getAllStackTraces()
			.keySet()
			.stream()
			.filter((thread) -> thread.getName().equals("etcd-connection"))
			.count();
	}

	@Test
	void namesTheEndpointAndNeverThePassword() {
		EtcdAccessException failure = failureOf(read(this.connection));
		assertThat(failure.describe()).contains("http://127.0.0.1:").doesNotContain("the-password");
		for (Throwable cause = failure; cause != null; cause = cause.getCause()) {
			assertThat(String.valueOf(cause)).doesNotContain("the-password");
		}
	}

	private static CompletableFuture<RangeResponse> read(EtcdConnection connection) {
		return connection.read(KVGrpc.getRangeMethod(), RangeRequest.getDefaultInstance());
	}

	private static EtcdAccessException failureOf(CompletableFuture<?> answer) {
		try {
			answer.get(10, TimeUnit.SECONDS);
		}
		catch (ExecutionException ex) {
			assertThat(ex.getCause()).isInstanceOf(EtcdAccessException.class);
			return (EtcdAccessException) ex.getCause();
		}
		catch (Exception ex) {
			throw new AssertionError(ex);
		}
		throw new AssertionError("No failure");
	}

}
