package io.github.etcddiscovery.registry;

import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import java.util.function.IntFunction;
import java.util.stream.IntStream;
import java.util.stream.Stream;

import io.etcd.jetcd.ByteSequence;
import io.etcd.jetcd.Client;
import io.etcd.jetcd.op.Op;
import io.etcd.jetcd.options.GetOption;
import io.etcd.jetcd.options.GetOption.SortOrder;
import io.etcd.jetcd.options.GetOption.SortTarget;
import io.etcd.jetcd.options.PutOption;
import io.github.etcddiscovery.registry.RegistrationChange.Type;
import io.github.etcddiscovery.testing.EtcdExtension;
import org.apache.commons.logging.Log;
import org.apache.commons.logging.LogFactory;
import org.awaitility.Awaitility;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.api.extension.RegisterExtension;

import org.springframework.boot.test.system.CapturedOutput;
import org.springframework.boot.test.system.OutputCaptureExtension;

import static org.assertj.core.api.Assertions.assertThat;

/**
 * Registering in an etcd that asks for fewer requests, as it does while more than 5,000
 * writes are agreed upon but not carried out yet. Transactions that take long to carry
 * out, with thousands of writes queueing behind them, get it there.
 */
@ExtendWith(OutputCaptureExtension.class)
class TooManyRequestsIntegrationTests {

	private static final Log logger = LogFactory.getLog(TooManyRequestsIntegrationTests.class);

	private static final Duration PATIENCE = Duration.ofSeconds(60);

	private static final String REFUSAL = "etcdserver: too many requests";

	private static final int KEYS = 4000;

	private static final int SLOW_TRANSACTIONS = 8;

	private static final int SLOW_READS = 120;

	private static final int WRITES = 5500;

	@RegisterExtension
	static final EtcdExtension etcd = EtcdExtension.single();

	private Node node;

	private Client client;

	@BeforeEach
	void connect() {
		this.node = new Node(Duration.ofSeconds(6), etcd.clientUrl());
		this.client = Client.builder().endpoints(etcd.clientUrl()).waitForReady(false).retryMaxAttempts(1).build();
	}

	@AfterEach
	void close() {
		this.node.close();
		this.client.close();
	}

	// 19
	@Test
	void registersWhenEtcdNoLongerAsksForFewerRequests(CapturedOutput output) {
		long start = System.nanoTime();
		// Connected beforehand, since etcd is overloaded for a few seconds only
		Awaitility.await().atMost(PATIENCE).until(() -> this.node.catalog().state().synced());
		CompletableFuture.allOf(write(KEYS, (i) -> "many/" + i)).orTimeout(30, TimeUnit.SECONDS).join();
		log("filled", start);
		for (int i = 0; i < SLOW_TRANSACTIONS; i++) {
			this.client.getKVClient().txn().Then(slowReads()).commit();
		}
		awaitProbe("nothing");
		write(WRITES, (i) -> "burden/" + i % 10);
		// Those that queue are not refused themselves
		awaitProbe(REFUSAL);
		log("refused", start);
		EtcdRegistration registration = Node.registration("myapp", "one", 8080);
		this.node.registry().register(registration);
		Awaitility.await().atMost(PATIENCE).until(() -> this.node.registry().isRegistered(registration));
		log("registered", start);
		assertThat(output).containsPattern("Cannot register yet: .*" + REFUSAL);
		assertThat(etcd.admin().keys("services/")).containsExactly("services/myapp/one");
		assertThat(this.node.changeTypes()).isEqualTo(List.of(Type.REGISTERED));
	}

	private CompletableFuture<?>[] write(int count, IntFunction<String> key) {
		return IntStream.range(0, count)
			.mapToObj((i) -> this.client.getKVClient().put(bytes(key.apply(i)), bytes("value " + i * 7919 % count)))
			.toArray(CompletableFuture[]::new);
	}

	/**
	 * Waits until a write is answered so, or by nothing within 100 ms.
	 */
	private void awaitProbe(String answer) {
		Awaitility.await()
			.atMost(PATIENCE)
			.pollInterval(Duration.ofMillis(10))
			.until(() -> write(1, (i) -> "probe")[0].handle((put, failure) -> String.valueOf(failure))
				.completeOnTimeout("nothing", 100, TimeUnit.MILLISECONDS)
				.join()
				.contains(answer));
	}

	/**
	 * Reads that sort all keys to answer with one of them; the write makes them part of
	 * etcd's log.
	 */
	private static Op[] slowReads() {
		GetOption option = GetOption.builder()
			.isPrefix(true)
			.withSortField(SortTarget.VALUE)
			.withSortOrder(SortOrder.DESCEND)
			.withLimit(1)
			.build();
		Stream<Op> reads = IntStream.range(0, SLOW_READS).mapToObj((i) -> Op.get(bytes("many/"), option));
		return Stream.concat(Stream.of(Op.put(bytes("slow"), bytes("x"), PutOption.DEFAULT)), reads).toArray(Op[]::new);
	}

	private static ByteSequence bytes(String text) {
		return ByteSequence.from(text, StandardCharsets.UTF_8);
	}

	private static void log(String what, long start) {
		logger.info("%s after %d ms".formatted(what, (System.nanoTime() - start) / 1_000_000));
	}

}
