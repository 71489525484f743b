package io.github.etcddiscovery.client;

import java.io.IOException;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.Function;

import io.etcd.jetcd.Client;
import io.github.etcddiscovery.core.EtcdAccessException;
import io.github.etcddiscovery.core.EtcdAccessException.Kind;
import io.grpc.Status;
import io.grpc.StatusRuntimeException;
import org.awaitility.Awaitility;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

import org.springframework.util.unit.DataSize;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;

/**
 * Tests for {@link EtcdConnection}, against a port where nobody listens.
 */
class EtcdConnectionTests {

	/**
	 * Longer than the first request of a cold client takes on a busy machine.
	 */
	private static final Duration REPLACE_AFTER = Duration.ofSeconds(3);

	private EtcdConnection connection;

	@BeforeEach
	void connect() throws IOException {
		int port;
		try (ServerSocket socket = new ServerSocket(0, 1, InetAddress.getLoopbackAddress())) {
			port = socket.getLocalPort();
		}
		EtcdProperties properties = new EtcdProperties(true, List.of("http://127.0.0.1:" + port), "user",
				"the-password", REPLACE_AFTER, Duration.ofSeconds(5), Duration.ofSeconds(10), Duration.ofSeconds(5),
				DataSize.ofMegabytes(4), null, SslProperties.none());
		this.connection = new EtcdConnection(
				new EtcdClientFactory(properties, new PropertiesEtcdConnectionDetails(properties), List.of()),
				REPLACE_AFTER, Duration.ofSeconds(15), Duration.ofSeconds(5));
	}

	@AfterEach
	void close() {
		this.connection.close();
	}

	@Test
	void replacesTheClientOnceContactWasLostForLong() {
		assertThat(failureOfRead().getKind()).isEqualTo(Kind.UNREACHABLE);
		// Not before: the read may have been asked again over a fresh connection
		Client first = this.connection.client();
		assertThat(this.connection.client()).as("not at once").isSameAs(first);
		Awaitility.await().pollDelay(REPLACE_AFTER).until(() -> this.connection.client() != first);
		Client second = this.connection.client();
		assertThat(this.connection.client()).as("and once").isSameAs(second);
	}

	@Test
	void keepsAClientThatIsIdle() {
		Client first = this.connection.client();
		Awaitility.await().pollDelay(REPLACE_AFTER.plusMillis(300)).until(() -> true);
		assertThat(this.connection.client()).isSameAs(first);
	}

	@Test
	void refusesOnceItIsClosed() {
		this.connection.client();
		this.connection.close();
		this.connection.close();
		assertThatExceptionOfType(EtcdAccessException.class).isThrownBy(() -> this.connection.client())
			.satisfies((ex) -> assertThat(ex.getKind()).isEqualTo(Kind.CANCELLED));
		assertThat(failureOfRead().getKind()).isEqualTo(Kind.CANCELLED);
	}

	@Test
	void connectsAgainOnceItIsOpenedAgain() {
		Client first = this.connection.client();
		this.connection.stop();
		this.connection.open();
		assertThat(this.connection.client()).isNotSameAs(first);
		assertThat(failureOfRead().getKind()).isEqualTo(Kind.UNREACHABLE);
	}

	@Test
	void failsWhatIsUnansweredWhenItIsClosed() {
		CompletableFuture<Void> answer = this.connection.call((client) -> new CompletableFuture<>());
		assertThat(answer).isNotDone();
		this.connection.close();
		assertThat(failureOf(answer).getKind()).isEqualTo(Kind.CANCELLED);
	}

	@Test
	void failsWhatIsAskedWhileItIsBeingClosed() {
		CompletableFuture<Void> answer = this.connection.call((client) -> {
			this.connection.close();
			return new CompletableFuture<>();
		});
		assertThat(failureOf(answer).getKind()).isEqualTo(Kind.CANCELLED);
	}

	@Test
	void asksOnceMoreWhenTheConnectionBroke() {
		List<Client> asked = new CopyOnWriteArrayList<>();
		CompletableFuture<String> answer = this.connection.call((client) -> {
			asked.add(client);
			return (asked.size() == 1) ? CompletableFuture.failedFuture(unavailable())
					: CompletableFuture.completedFuture("the answer");
		});
		assertThat(answer).succeedsWithin(Duration.ofSeconds(5)).isEqualTo("the answer");
		assertThat(asked).as("the client had not lost contact before").hasSize(2).containsOnly(asked.get(0));
	}

	@Test
	void replacesAClientThatIsOfNoUseOnceForAllWhoAskedIt() {
		List<Client> asked = new CopyOnWriteArrayList<>();
		List<CompletableFuture<String>> underWay = new CopyOnWriteArrayList<>();
		Function<Client, CompletableFuture<String>> request = (client) -> {
			asked.add(client);
			underWay.add(new CompletableFuture<>());
			return underWay.get(underWay.size() - 1);
		};
		CompletableFuture<String> one = this.connection.call(request);
		CompletableFuture<String> other = this.connection.call(request);
		Client first = asked.get(0);
		assertThat(first.getKVClient().get(EtcdClientFactory.bytes("services/"))).failsWithin(Duration.ofSeconds(10));
		Awaitility.await().pollDelay(Duration.ofMillis(200)).until(() -> true);

		underWay.get(0).completeExceptionally(unavailable());
		Awaitility.await().until(() -> underWay.size() == 4);
		Client second = this.connection.client();
		assertThat(asked).containsExactly(first, first, second, second);

		underWay.get(2).complete("one answer");
		underWay.get(3).completeExceptionally(unavailable());
		assertThat(List.of(one, other)).filteredOn((answer) -> !answer.isCompletedExceptionally())
			.singleElement()
			.satisfies((answer) -> assertThat(answer).isCompletedWithValue("one answer"));
	}

	private static StatusRuntimeException unavailable() {
		return Status.UNAVAILABLE.withDescription("Connection reset by peer").asRuntimeException();
	}

	@Test
	void failsWhatWaitsToBeAskedAgainWhenItIsClosed() throws InterruptedException {
		CountDownLatch askedAgain = new CountDownLatch(1);
		AtomicInteger times = new AtomicInteger();
		this.connection.call((client) -> {
			if (times.incrementAndGet() > 1) {
				askedAgain.countDown();
				holdUp();
			}
			return CompletableFuture.failedFuture(unavailable());
		});
		assertThat(askedAgain.await(10, TimeUnit.SECONDS)).isTrue();
		CompletableFuture<Void> waiting = this.connection
			.call((client) -> CompletableFuture.failedFuture(unavailable()));
		assertThat(waiting).isNotDone();
		this.connection.close();
		assertThat(failureOf(waiting).getKind()).isEqualTo(Kind.CANCELLED);
	}

	private static void holdUp() {
		try {
			new CountDownLatch(1).await();
		}
		catch (InterruptedException ex) {
			Thread.currentThread().interrupt();
		}
	}

	@Test
	void tellsThatItWasClosedWhenARequestMeetsTheClosing() {
		CompletableFuture<Void> answer = this.connection.call((client) -> {
			this.connection.stop();
			throw new RejectedExecutionException("a task was rejected");
		});
		assertThat(failureOf(answer)).satisfies((failure) -> assertThat(failure.getKind()).isEqualTo(Kind.CANCELLED))
			.hasMessageContaining("the connection to etcd was closed");
	}

	@Test
	void failsTheFutureWhenTheRequestCannotBeMade() {
		CompletableFuture<Void> answer = this.connection.call((client) -> {
			throw new IllegalArgumentException("malformed");
		});
		assertThat(failureOf(answer)).hasMessage("malformed");
	}

	@Test
	void namesTheEndpointAndNeverThePassword() {
		EtcdAccessException failure = failureOfRead();
		assertThat(failure.describe()).contains("http://127.0.0.1:").doesNotContain("the-password");
		for (Throwable cause = failure; cause != null; cause = cause.getCause()) {
			assertThat(String.valueOf(cause)).doesNotContain("the-password");
		}
	}

	private EtcdAccessException failureOfRead() {
		return failureOf(
				this.connection.call((client) -> client.getKVClient().get(EtcdClientFactory.bytes("services/"))));
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
