package io.github.etcddiscovery.discovery;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import java.util.stream.Stream;

import io.etcd.jetcd.ByteSequence;
import io.etcd.jetcd.Client;
import io.etcd.jetcd.op.Op;
import io.etcd.jetcd.options.DeleteOption;
import io.etcd.jetcd.options.PutOption;
import io.github.etcddiscovery.catalog.UnansweredListerWatcher;
import io.github.etcddiscovery.core.EventLoop;
import io.github.etcddiscovery.core.ThreadEventLoop;
import io.github.etcddiscovery.instance.AddressCodec;
import io.github.etcddiscovery.instance.EtcdServiceInstance;
import io.github.etcddiscovery.instance.InstanceKey;
import io.github.etcddiscovery.instance.ServiceInstanceCodec;
import io.github.etcddiscovery.probe.AddressProbe;
import io.github.etcddiscovery.testing.EtcdAdmin;
import io.github.etcddiscovery.testing.EtcdCluster;
import io.github.etcddiscovery.testing.EtcdExtension;
import io.github.etcddiscovery.testing.TcpProxy;
import org.awaitility.Awaitility;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Nested;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.api.extension.RegisterExtension;
import org.junit.jupiter.api.io.TempDir;

import org.springframework.boot.test.system.CapturedOutput;
import org.springframework.boot.test.system.OutputCaptureExtension;
import org.springframework.cloud.client.ServiceInstance;
import org.springframework.util.unit.DataSize;

import static org.assertj.core.api.Assertions.assertThat;

/**
 * What faults of a single etcd, of the network before it and of what is written to it do
 * to a consumer.
 */
@Timeout(120)
@ExtendWith(OutputCaptureExtension.class)
class MirrorFaultsIntegrationTests {

	private static final Duration START = Duration.ofSeconds(20);

	private static final Duration SOON = Duration.ofSeconds(5);

	@RegisterExtension
	private static final EtcdExtension etcd = EtcdExtension.single();

	private static void assertFindsAllBut(Consumer consumer, int orders, int noise) {
		Awaitility.await().atMost(START).untilAsserted(() -> {
			assertThat(hosts(consumer, "orders")).hasSize(orders);
			assertThat(consumer.catalog().rejected()).hasSize(noise);
			assertThat(consumer.client().getInstances("noise")).isEmpty();
		});
	}

	private static boolean holds(Path snapshot, String... keys) throws IOException {
		Path file = snapshot;
		if (file == null || !Files.exists(file)) {
			return false;
		}
		String content = Files.readString(file);
		return Stream.of(keys).allMatch(content::contains);
	}

	private static void registerMany(String service, int count) {
		try (Client client = Client.builder().endpoints(etcd.clientUrl()).build()) {
			List<CompletableFuture<?>> writes = new ArrayList<>();
			for (int from = 0; from < count; from += 100) {
				writes.add(client.getKVClient()
					.txn()
					.Then(puts(service, from, Math.min(from + 100, count), "10.0.0.1"))
					.commit());
				if (writes.size() == 20) {
					CompletableFuture.allOf(writes.toArray(CompletableFuture[]::new)).join();
					writes.clear();
				}
			}
			CompletableFuture.allOf(writes.toArray(CompletableFuture[]::new)).join();
		}
	}

	private static void write(Client client, Op... operations) throws Exception {
		client.getKVClient().txn().Then(operations).commit().get(5, TimeUnit.SECONDS);
	}

	private static Op[] puts(String service, int from, int to, String host) {
		return IntStream.range(from, to)
			.mapToObj((i) -> Op.put(bytes("services/%s/%05d".formatted(service, i)),
					bytes("http://%s:8080".formatted(host)), PutOption.DEFAULT))
			.toArray(Op[]::new);
	}

	private static Op[] deletes(String service, int count) {
		return IntStream.range(0, count)
			.mapToObj((i) -> Op.delete(bytes("services/%s/%05d".formatted(service, i)), DeleteOption.DEFAULT))
			.toArray(Op[]::new);
	}

	private static ByteSequence bytes(String text) {
		return ByteSequence.from(text, StandardCharsets.UTF_8);
	}

	private static String json(String host, String status) {
		return "{\"host\":\"%s\",\"port\":8080,\"status\":\"%s\"}".formatted(host, status);
	}

	private static List<String> hosts(Consumer consumer, String service) {
		return consumer.client()
			.getInstances(service)
			.stream()
			.map(ServiceInstance::getHost)
			.collect(Collectors.toCollection(ArrayList::new));
	}

	private static boolean await(CountDownLatch latch) {
		try {
			return latch.await(SOON.toSeconds(), TimeUnit.SECONDS);
		}
		catch (InterruptedException ex) {
			throw new IllegalStateException(ex);
		}
	}

	private static void block(ServiceInstancesChangedEvent event, CountDownLatch blocked, CountDownLatch released) {
		switch (event.getServiceId()) {
			case "throwing" -> throw new IllegalStateException("A listener's own fault");
			case "failing" -> throw new AssertionError("A listener's own error");
			case "blocking" -> {
				blocked.countDown();
				assertThat(await(released)).isTrue();
			}
			default -> {
			}
		}
	}

	/**
	 * Requests and answers are lost, late or silently dropped.
	 */
	@Nested
	class Network extends Fixture {

		@Test
		@DisplayName("row 5: what the client sends is lost")
		void requestsAreLost() {
			register("orders", 5);
			Consumer consumer = start(throughProxy());
			this.proxy.dropUpstream();
			consumer.awaitLost(Duration.ofSeconds(10));
			this.admin.delete("services/orders/0");
			this.admin.put("services/orders/late", "http://10.0.1.1:8080");
			assertThat(consumer.client().getInstances("orders")).hasSize(5);
			this.proxy.heal();
			consumer.awaitConverged(this.admin, Duration.ofSeconds(8));
		}

		@Test
		@DisplayName("row 6: what etcd answers is lost")
		void answersAreLost() {
			register("orders", 5);
			Consumer consumer = start(throughProxy());
			this.proxy.dropDownstream();
			this.admin.delete("services/orders/0");
			this.admin.put("services/orders/late", "http://10.0.1.1:8080");
			consumer.awaitLost(Duration.ofSeconds(10));
			assertThat(consumer.client().getInstances("orders")).hasSize(5);
			this.proxy.heal();
			consumer.awaitConverged(this.admin, Duration.ofSeconds(8));
		}

		@Test
		@DisplayName("row 13: half a second of latency, and pauses as of lost packets")
		void networkIsSlowAndLossy() {
			register("orders", 5);
			Consumer consumer = start(throughProxy());
			this.proxy.latency(Duration.ofMillis(250));
			for (int i = 0; i < 10; i++) {
				this.admin.put("services/orders/%d".formatted(i), "http://10.0.2.%d:8080".formatted(i));
				if (i % 5 == 0) {
					// A fifth of the packets comes a retransmission later.
					this.proxy.stall();
					Awaitility.await()
						.during(Duration.ofMillis(400))
						.until(() -> hosts(consumer, "orders").size() >= 5);
					this.proxy.heal();
					this.proxy.latency(Duration.ofMillis(250));
				}
			}
			consumer.awaitConverged(this.admin, SOON);
			assertThat(consumer.catalog().state().relists()).isZero();
		}

		@Test
		@DisplayName("row 21: of four endpoints two refuse and one is blackholed")
		void onlyOneEndpointIsAlive() {
			register("orders", 5);
			TcpProxy refused = closing(TcpProxy.to(etcd.clientUrl()));
			TcpProxy alsoRefused = closing(TcpProxy.to(etcd.clientUrl()));
			TcpProxy blackholed = closing(TcpProxy.to(etcd.clientUrl()));
			refused.cut();
			alsoRefused.cut();
			blackholed.blackhole();
			// So that only connecting is measured, not the start of a cold JVM.
			start(direct());
			Consumer consumer = closing(
					Consumer.of(refused.url(), blackholed.url(), alsoRefused.url(), this.proxy.url()).start());
			consumer.awaitSynced(Duration.ofSeconds(5));
			consumer.awaitConverged(this.admin, SOON);
		}

		@Test
		@DisplayName("row 23: the endpoint leads to another cluster")
		void endpointLeadsToAnotherCluster() {
			register("orders", 5);
			register("payments", 2);
			Consumer consumer = start(throughProxy().holdFor(Duration.ofSeconds(2)));
			// The token is a part of the cluster's id.
			try (EtcdCluster other = EtcdCluster.builder().flags("--initial-cluster-token", "other").build().start()) {
				other.admin().put("services/orders/foreign", "http://10.0.5.1:8080");
				this.proxy.retarget(other.clientUrl());
				this.proxy.cutConnections();
				Awaitility.await()
					.atMost(SOON)
					.untilAsserted(() -> assertThat(hosts(consumer, "orders")).containsExactly("10.0.5.1"));
				assertThat(hosts(consumer, "payments")).hasSize(2);
				other.admin().put("services/payments/foreign", "http://10.0.5.2:8080");
				Awaitility.await()
					.atMost(SOON)
					.untilAsserted(() -> assertThat(hosts(consumer, "payments")).containsExactly("10.0.5.2"));
				consumer.awaitConverged(other.admin(), SOON);
			}
			assertThat(consumer.published()).allSatisfy((content) -> {
				boolean foreign = content.keySet().stream().anyMatch((key) -> key.endsWith("foreign"));
				assertThat(content.keySet().stream().anyMatch((key) -> !key.endsWith("foreign"))).isNotEqualTo(foreign);
			});
		}

		@Test
		@DisplayName("row 24: idle connections are forgotten without a word")
		void idleConnectionsAreSilentlyDropped() {
			register("orders", 5);
			Consumer consumer = start(throughProxy());
			this.proxy.silenceConnections();
			this.admin.put("services/orders/late", "http://10.0.1.1:8080");
			this.admin.delete("services/orders/0");
			consumer.awaitConverged(this.admin, Duration.ofSeconds(15));
		}

		@Test
		@DisplayName("row 42: the stream is cut between its creation and the first events")
		void cutBetweenCreatedAndTheFirstEvents() {
			register("orders", 5);
			Consumer.Builder builder = throughProxy();
			builder.spy().beforeWatch(() -> register("orders", 20));
			builder.spy().afterCreated(() -> {
				// etcd sends the events that a watch has to catch up with a moment later.
				this.proxy.cutConnections();
				register("payments", 20);
			});
			Consumer consumer = start(builder);
			consumer.awaitConverged(this.admin, SOON);
			assertThat(consumer.content()).hasSize(40);
		}

	}

	/**
	 * etcd is compacted, wiped or restored.
	 */
	@Nested
	class Store extends Fixture {

		@Test
		@DisplayName("row 14: etcd is compacted while the client is away")
		void compactedWhileDisconnected() {
			register("orders", 5);
			Consumer consumer = start(throughProxy());
			this.proxy.cut();
			for (int i = 0; i < 20; i++) {
				this.admin.put("services/orders/%d".formatted(i % 7), "http://10.0.3.%d:8080".formatted(i));
			}
			this.admin.delete("services/orders/0");
			this.admin.compact(this.admin.revision());
			this.proxy.heal();
			consumer.awaitConverged(this.admin, Duration.ofSeconds(8));
			assertThat(consumer.published()).allSatisfy((content) -> assertThat(content).isNotEmpty());
		}

		@Test
		@DisplayName("row 14: etcd is compacted between the list and the watch")
		void compactedBeforeTheWatchBegins() {
			register("orders", 5);
			Consumer.Builder builder = direct();
			builder.spy().beforeWatch(() -> {
				this.admin.put("services/orders/0", "http://10.0.3.1:8080");
				this.admin.put("services/orders/0", "http://10.0.3.2:8080");
				this.admin.compact(this.admin.revision());
			});
			Consumer consumer = start(builder);
			consumer.awaitConverged(this.admin, SOON);
			assertThat(consumer.catalog().state().relists()).isEqualTo(1);
		}

		@Test
		@DisplayName("row 15: etcd is compacted in the middle of a list")
		void compactedBetweenThePagesOfAList() {
			registerMany("orders", 12_000);
			Consumer.Builder builder = direct();
			builder.spy().afterPage(() -> {
				this.admin.put("services/orders/00000", "http://10.9.9.9:8080");
				this.admin.delete("services/orders/11999");
				this.admin.compact(this.admin.revision());
			});
			Consumer consumer = start(builder);
			consumer.awaitConverged(this.admin, SOON);
			assertThat(consumer.published()).allSatisfy((content) -> assertThat(content).hasSize(11_999));
			assertThat(consumer.catalog().state().relists()).isEqualTo(1);
		}

		@Test
		@DisplayName("row 16: etcd's revision goes backwards")
		void revisionGoesBackwards() {
			register("orders", 5);
			EtcdCluster.DataCopy copy = etcd.cluster().copyData();
			Consumer consumer = start(throughProxy().holdFor(Duration.ofSeconds(2)));
			for (int i = 0; i < 20; i++) {
				this.admin.put("services/orders/%d".formatted(i % 8), "http://10.0.4.%d:8080".formatted(i));
			}
			consumer.awaitConverged(this.admin, SOON);
			long before = consumer.catalog().state().revision();
			etcd.cluster().restore(copy);
			assertThat(this.admin.revision()).isLessThan(before);
			consumer.awaitConverged(this.admin, Duration.ofSeconds(15));
			assertThat(consumer.catalog().state().revision()).isLessThan(before);
			this.admin.put("services/orders/after", "http://10.0.4.99:8080");
			consumer.awaitConverged(this.admin, SOON);
		}

		@Test
		@DisplayName("row 17: etcd is wiped and the providers come back")
		void wiped() {
			Map<String, String> instances = register("orders", 5);
			Consumer consumer = start(throughProxy().holdFor(Duration.ofSeconds(4)));
			etcd.cluster().wipe();
			Awaitility.await().atMost(SOON).until(() -> consumer.catalog().held().containsKey("orders"));
			assertThat(consumer.client().getInstances("orders")).hasSize(5);
			assertThat(consumer.client().getServices()).containsExactly("orders");
			instances.remove("services/orders/4");
			instances.forEach(this.admin::put);
			Awaitility.await()
				.atMost(SOON)
				.until(() -> consumer.content().size() == 4 && consumer.catalog().instances("orders").size() == 5);
			consumer.awaitConverged(this.admin, SOON);
			assertThat(consumer.client().getInstances("orders")).hasSize(4);
		}

		@Test
		@DisplayName("row 46: transactions of 128 keys")
		void transactionsAreSeenWholeOrNotAtAll() throws Exception {
			Consumer consumer = start(throughProxy());
			try (Client client = Client.builder().endpoints(etcd.clientUrl()).build()) {
				for (int i = 0; i < 100; i++) {
					String host = "10.0.7.%d".formatted(i);
					write(client, (i % 2 == 0) ? puts("batch", 0, 128, host) : deletes("batch", 128));
					if (i % 40 == 7) {
						this.proxy.cutConnections();
					}
					else if (i % 40 == 13) {
						// Some are written while it is away, and some while it follows
						int cuts = i / 40 + 1;
						Awaitility.await()
							.atMost(SOON.multipliedBy(4))
							.until(() -> consumer.catalog().state().relists() >= cuts
									&& consumer.catalog().state().synced());
					}
				}
				write(client, puts("batch", 0, 128, "10.0.8.1"));
			}
			consumer.awaitConverged(this.admin, Duration.ofSeconds(8));
			assertThat(consumer.published()).hasSizeGreaterThan(2)
				.allSatisfy((content) -> assertThat(content.values().stream().distinct().count() <= 1
						&& (content.isEmpty() || content.size() == 128))
					.isTrue());
		}

		@Test
		@DisplayName("an event is lost without a trace: the audit finds it")
		void watchLosesEvents() {
			register("orders", 5);
			Consumer consumer = start(
					direct().timing(Duration.ofSeconds(3), Duration.ofSeconds(1)).decorated(LossyListerWatcher::new));
			this.admin.put("services/orders/0", "http://10.0.1.1:666");
			this.admin.put("services/orders/1", "http://10.0.1.1:8080");
			this.admin.put("services/orders/2", "http://10.0.1.2:666");
			consumer.awaitConverged(this.admin, Duration.ofSeconds(10));
			assertThat(consumer.catalog().state().repairs()).isPositive();
		}

	}

	/**
	 * There is much, or it is large, or it comes fast.
	 */
	@Nested
	class Sizes extends Fixture {

		@Test
		@DisplayName("row 44: the watch has more than 4 MiB to catch up with")
		void catchesUpWithMoreThanFourMebibytes() {
			register("orders", 5);
			// The writes of the hook come before the watch is set up, and take their time
			Consumer.Builder builder = direct().requestTimeout(Duration.ofSeconds(15));
			String metadata = "x".repeat(8_000);
			builder.spy().beforeWatch(() -> {
				for (int i = 0; i < 200; i++) {
					this.admin.put("services/large/%d".formatted(i),
							"{\"host\":\"10.0.6.1\",\"port\":%2$d,\"metadata\":{\"1\":\"%1$s\",\"2\":\"%1$s\",\"3\":\"%1$s\"}}"
								.formatted(metadata, 8000 + i));
				}
			});
			Consumer consumer = start(builder);
			Awaitility.await().atMost(SOON).until(() -> consumer.client().getInstances("large").size() == 200);
			assertThat(consumer.catalog().state().relists()).isZero();
			this.admin.put("services/orders/late", "http://10.0.1.1:8080");
			Awaitility.await().atMost(SOON).until(() -> consumer.client().getInstances("orders").size() == 6);
		}

		@Test
		@DisplayName("row 44: a list and a catch-up that are larger than what is accepted")
		void recoversFromAMessageThatIsTooLarge() {
			register("orders", 5);
			Consumer consumer = start(direct().maxInboundMessageSize(DataSize.ofKilobytes(200)));
			this.admin.put("services/large/0", "x".repeat(300_000));
			Awaitility.await().atMost(SOON).until(() -> consumer.catalog().rejected().containsKey("services/large/0"));
			consumer.awaitSynced(SOON);
			long relists = consumer.catalog().state().relists();
			Awaitility.await()
				.during(Duration.ofSeconds(8))
				.atMost(START)
				.until(() -> consumer.catalog().state().relists() == relists);
			this.admin.put("services/orders/late", "http://10.0.1.1:8080");
			Awaitility.await().atMost(SOON).until(() -> hosts(consumer, "orders").size() == 6);
			this.admin.delete("services/large/0");
			consumer.awaitConverged(this.admin, Duration.ofSeconds(10));
		}

		@Test
		@DisplayName("row 68: 70 MB of values under one service")
		void valuesThatAreTooLargeCostTheirOwnKeys(CapturedOutput output) {
			register("orders", 5);
			register("stock", 5);
			start(direct()).close();
			Consumer.measured("listed without them", START, () -> start(direct()).close());
			writeNoise(0, 50);
			Consumer consumer = closing(throughProxy().timing(Duration.ofSeconds(3), Duration.ofSeconds(1)).start());
			consumer.awaitSynced(Duration.ofSeconds(10));
			assertFindsAllBut(consumer, 5, 50);
			this.proxy.cut();
			writeNoise(50, 60);
			register("orders", 6);
			this.proxy.heal();
			assertFindsAllBut(consumer, 6, 60);
			consumer.awaitSynced(Duration.ofSeconds(10));
			long relists = consumer.catalog().state().relists();
			writeNoise(0, 60);
			register("orders", 7);
			assertFindsAllBut(consumer, 7, 60);
			assertThat(consumer.catalog().state().relists()).isEqualTo(relists);
			assertThat(consumer.catalog().counts().rejections()).isGreaterThanOrEqualTo(60);
			assertThat(output.toString().split("services/noise/")).hasSizeLessThan(100);
		}

		@Test
		@DisplayName("row 68: a watch that has 70 MB to catch up with")
		void catchesUpWithValuesThatAreTooLarge() {
			register("orders", 5);
			// The writes of the hook come before the watch is set up, and take their time
			Consumer.Builder builder = direct().requestTimeout(Duration.ofSeconds(15));
			builder.spy().beforeWatch(() -> {
				writeNoise(0, 50);
				register("orders", 6);
			});
			Consumer consumer = start(builder);
			assertFindsAllBut(consumer, 6, 50);
			// A response that is too large ends the watch; the next one asks for
			// fragments
			assertThat(consumer.catalog().state().relists()).isLessThanOrEqualTo(1);
		}

		/**
		 * The watch begins with this deletion, which etcd 3.7 took ten seconds to cut
		 * into fragments.
		 */
		@Test
		@DisplayName("row 45: 70,000 keys are deleted at once")
		void hearsOfChangesRightAfterAMassDeletion() {
			registerMany("orders", 70_000);
			this.admin.deletePrefix("services/");
			Consumer consumer = start(direct().requestTimeout(Duration.ofSeconds(5)));
			register("orders", 5);
			Awaitility.await().atMost(SOON).until(() -> hosts(consumer, "orders").size() == 5);
			assertThat(consumer.catalog().state().relists()).isZero();
		}

		@Test
		@DisplayName("row 45: a cold list of 100,000 instances")
		void listsAHundredThousandInstances() {
			registerMany("orders", 100_000);
			// So that the list is measured, not the start of a cold JVM.
			Consumer.Builder builder = direct().unrecorded().requestTimeout(Duration.ofSeconds(5));
			Consumer consumer = closing(builder.start()).awaitSynced(Duration.ofSeconds(30));
			assertThat(consumer.client().getRegisteredInstances("orders")).hasSize(100_000);
			assertThat(builder.spy().ranges()).hasSizeGreaterThanOrEqualTo(20)
				.allSatisfy((request) -> assertThat(request.getLimit()).isEqualTo(5000));
			assertThat(builder.spy().ranges().stream().skip(1).map((request) -> request.getRevision()).distinct())
				.containsExactly(consumer.catalog().state().revision());
		}

		@Test
		@DisplayName("row 49: 10,000 events a second, and a codec that can't keep up")
		void eventsComeFasterThanTheyAreRead() {
			BlockingCodec codec = new BlockingCodec();
			Consumer consumer = start(direct().codecs(codec).unrecorded().requestTimeout(Duration.ofSeconds(5)));
			codec.block();
			this.admin.put("services/orders/first", "http://10.0.1.1:8080");
			codec.awaitBlocked();
			Consumer.measured("wrote 70,000 events", Duration.ofSeconds(7),
					() -> registerMany("orders", 50_000 + 20_000));
			assertThat(consumer.catalog().state().pending()).isBetween(0, 55_000);
			codec.release();
			consumer.awaitConverged(this.admin, Duration.ofSeconds(30));
			assertThat(consumer.catalog().state().pending()).isZero();
		}

	}

	/**
	 * What cannot be read, and whoever throws or blocks, harms nothing else.
	 */
	@Nested
	class Foreign extends Fixture {

		@Test
		@DisplayName("row 47: a codec throws")
		void codecThrows() {
			register("orders", 5);
			Consumer consumer = start(direct().codecs(new ThrowingCodec(), new AddressCodec()));
			this.admin.put("services/orders/1", "throw exception");
			this.admin.put("services/orders/2", "throw error");
			this.admin.put("services/orders/late", "http://10.0.1.1:8080");
			Awaitility.await().atMost(SOON).until(() -> consumer.content().containsKey("services/orders/late"));
			Awaitility.await().atMost(SOON).until(() -> hosts(consumer, "orders").size() == 4);
			assertThat(consumer.catalog().rejected()).containsOnlyKeys("services/orders/1", "services/orders/2");
			assertThat(consumer.catalog().counts().rejections()).isEqualTo(2);
			assertThat(consumer.catalog().state().relists()).isZero();
			register("orders", 5);
			Awaitility.await().atMost(SOON).until(() -> hosts(consumer, "orders").size() == 6);
			assertThat(consumer.catalog().rejected()).isEmpty();
		}

		@Test
		@DisplayName("rows 47 and 48: a listener throws, another one blocks")
		void listenersThrowAndBlock() {
			Consumer consumer = start(direct());
			EventLoop events = closing(new ThreadEventLoop("test-events"));
			CountDownLatch blocked = new CountDownLatch(1);
			CountDownLatch released = new CountDownLatch(1);
			Set<String> told = ConcurrentHashMap.newKeySet();
			CatalogEventPublisher publisher = new CatalogEventPublisher("services", consumer.catalog(), events,
					(event) -> {
						if (event instanceof ServiceInstancesChangedEvent change) {
							told.add(change.getServiceId());
							block(change, blocked, released);
						}
					});
			publisher.start();
			this.admin.put("services/throwing/0", "http://10.0.1.1:8080");
			this.admin.put("services/failing/0", "http://10.0.1.1:8080");
			Awaitility.await().atMost(SOON).until(() -> told.containsAll(Set.of("throwing", "failing")));
			this.admin.put("services/blocking/0", "http://10.0.1.1:8080");
			assertThat(await(blocked)).isTrue();
			for (int i = 0; i < 500; i++) {
				this.admin.put("services/orders/%d".formatted(i % 10), "http://10.0.1.%d:8080".formatted(i % 250));
			}
			Awaitility.await().atMost(SOON).until(() -> consumer.client().getInstances("orders").size() == 10);
			assertThat(told).doesNotContain("orders");
			assertThat(consumer.catalog().state().relists()).isZero();
			released.countDown();
			Awaitility.await().atMost(SOON).until(() -> told.contains("orders"));
		}

		@Test
		@DisplayName("row 50: values that can't be read")
		void valuesCannotBeRead(CapturedOutput output) {
			register("orders", 1);
			Consumer consumer = start(direct());
			Map<String, String> bad = new TreeMap<>();
			bad.put("services/orders/not-json", "{\"host\":\"a\"");
			bad.put("services/orders/large", "x".repeat(1_000_000));
			bad.put("services/orders/nested", "{\"host\":" + "[".repeat(10_000) + "]".repeat(10_000) + "}");
			bad.put("services/orders/port", "{\"host\":\"10.0.0.1\",\"port\":70000}");
			bad.put("services/orders/host", "{\"host\":\"10.0.0.1\\r\\nInjected: 1\",\"port\":80}");
			bad.put("services/orders/name", "{\"service\":\"payments\",\"host\":\"10.0.0.1\",\"port\":80}");
			bad.put("services/orders/text", "http://10.0.0.1:80\r\nInjected: 1");
			bad.forEach(this.admin::put);
			this.admin.put("services/orders/late", "http://10.0.1.1:8080");
			Awaitility.await().atMost(SOON).until(() -> hosts(consumer, "orders").size() == 2);
			Awaitility.await().atMost(SOON).until(() -> consumer.catalog().rejected().size() == bad.size());
			for (int i = 0; i < 100; i++) {
				this.admin.put("services/orders/flapping", "nonsense " + i);
			}
			Awaitility.await().atMost(SOON).until(() -> consumer.catalog().rejected().size() == bad.size() + 1);
			this.admin.put("services/orders/last", "http://10.0.1.2:8080");
			Awaitility.await().atMost(SOON).until(() -> hosts(consumer, "orders").size() == 3);
			assertThat(consumer.catalog().counts().rejections()).isGreaterThan(bad.size());
			assertThat(output.getOut().lines().filter((line) -> line.contains("Passing over"))).hasSize(10);
			assertThat(output.getOut().lines()).noneMatch((line) -> line.startsWith("Injected"));
		}

		@Test
		@DisplayName("row 51: names that begin alike, in the scope of a service")
		void namesBeginAlike() {
			for (String name : List.of("foo", "foobar", "foo-bar", "foo.bar", "fo")) {
				register(name, 2);
			}
			this.admin.put("services/foo", "http://10.0.9.1:8080");
			Consumer consumer = start(direct().perService(Duration.ofMinutes(10)));
			EtcdDiscoveryClient client = consumer.client();
			assertThat(client.getInstances("foo")).hasSize(3)
				.allSatisfy((instance) -> assertThat(instance.getServiceId()).isEqualTo("foo"));
			assertThat(client.getInstances("foo/0")).isEmpty();
			assertThat(client.getInstances("..")).isEmpty();
			assertThat(client.getInstances("")).isEmpty();
			assertThat(client.getInstances("foo\n")).isEmpty();
			assertThat(client.getServices()).containsExactly("fo", "foo", "foo-bar", "foo.bar", "foobar");
		}

	}

	/**
	 * Instances that vanish together are held, those that say goodbye are not.
	 */
	@Nested
	class Vanishing extends Fixture {

		@Test
		@DisplayName("row 52: most of a service vanishes at once without a goodbye")
		void mostOfAServiceVanishes(CapturedOutput output) {
			Set<Integer> refusing = ConcurrentHashMap.newKeySet();
			Consumer consumer = start(direct().holdFor(Duration.ofSeconds(6))
				.probe((host, port) -> CompletableFuture.completedFuture(
						refusing.contains(port) ? AddressProbe.Answer.REFUSED : AddressProbe.Answer.ACCEPTED)));
			List<Long> leases = new ArrayList<>();
			for (int i = 0; i < 10; i++) {
				leases.add(this.admin.grantLease(Duration.ofMinutes(5)));
				this.admin.put("services/orders/%d".formatted(i), "http://10.0.0.%d:%d".formatted(i, 9000 + i),
						leases.get(i));
			}
			consumer.awaitConverged(this.admin, SOON);
			for (int i = 1; i < 10; i++) {
				this.admin.revoke(leases.get(i));
			}
			Awaitility.await().atMost(Duration.ofSeconds(2)).until(() -> consumer.content().size() == 1);
			Awaitility.await()
				.atMost(Duration.ofSeconds(1))
				.until(() -> consumer.client().getInstances("orders").size() == 10);
			assertThat(output).contains("instances of 'orders' vanished from etcd at once");
			assertThat(consumer.catalog().held().get("orders")).hasSize(9);
			consumer.catalog().leaves("orders", "4");
			Awaitility.await()
				.atMost(Duration.ofSeconds(1))
				.until(() -> consumer.client().getInstances("orders").size() == 9);
			refusing.addAll(List.of(9001, 9002, 9003));
			Awaitility.await()
				.atMost(Duration.ofSeconds(3))
				.until(() -> consumer.client().getInstances("orders").size() == 6);
			this.admin.put("services/orders/9", "http://10.0.0.9:9009");
			Awaitility.await().atMost(SOON).until(() -> consumer.catalog().held().get("orders").size() == 4);
			consumer.awaitConverged(this.admin, Duration.ofSeconds(10));
			assertThat(consumer.client().getInstances("orders")).hasSize(2);
		}

		@Test
		@DisplayName("row 52: an orderly scale to zero, and a small service")
		void goodbyesAreHonouredAtOnce() {
			for (int i = 0; i < 10; i++) {
				this.admin.put("services/orders/%d".formatted(i), json("10.0.0.%d".formatted(i), "UP"));
			}
			this.admin.put("services/myapp", "http://localhost:3000");
			Consumer consumer = start(direct());
			assertThat(consumer.client().getInstances("orders")).hasSize(10);
			this.admin.delete("services/myapp");
			for (int i = 0; i < 10; i++) {
				this.admin.put("services/orders/%d".formatted(i), json("10.0.0.%d".formatted(i), "OUT_OF_SERVICE"));
				this.admin.delete("services/orders/%d".formatted(i));
			}
			Awaitility.await()
				.atMost(Duration.ofSeconds(2))
				.pollInterval(Duration.ofMillis(20))
				.until(() -> consumer.client().getServices().isEmpty());
			assertThat(consumer.client().getInstances("orders")).isEmpty();
			assertThat(consumer.catalog().held()).isEmpty();
		}

	}

	/**
	 * Only what is asked for is followed.
	 */
	@Nested
	class Scopes extends Fixture {

		@Test
		@DisplayName("scope of a service: only what is asked for is received, and released when unused")
		void followsOnlyTheServicesThatAreAskedFor() {
			for (int i = 0; i < 100; i++) {
				register("service" + i, 2);
			}
			Set<String> received = ConcurrentHashMap.newKeySet();
			Consumer consumer = start(direct().perService(Duration.ofSeconds(2))
				.decorated((source) -> new ObservedListerWatcher(source, received)));
			List<String> asked = IntStream.range(0, 5).mapToObj((i) -> "service" + i).toList();
			asked.forEach((name) -> assertThat(consumer.client().getInstances(name)).hasSize(2));
			assertThat(consumer.client().getInstances("nobody")).isEmpty();
			for (int i = 0; i < 100; i++) {
				register("service" + i, 3);
			}
			Awaitility.await()
				.atMost(SOON)
				.untilAsserted(
						() -> asked.forEach((name) -> assertThat(consumer.client().getInstances(name)).hasSize(3)));
			assertThat(received).hasSize(15).allMatch((key) -> asked.contains(key.split("/")[1]));
			Awaitility.await().atMost(Duration.ofSeconds(10)).until(() -> {
				consumer.client().getInstances("service0");
				return consumer.catalog().registeredInstances().keySet().equals(Set.of("service0"));
			});
			register("service1", 4);
			assertThat(consumer.client().getInstances("service1")).hasSize(4);
		}

	}

	/**
	 * What was known when the application last ran is where it begins.
	 */
	@Nested
	class FromDisk extends Fixture {

		@Test
		@DisplayName("cold start: etcd is away, the snapshot on disk is served until it comes")
		void startsFromDiskWhileEtcdIsAway(@TempDir Path directory) {
			Path snapshot = snapshotOfFiveOrders(directory);
			this.admin.delete("services/orders/0");
			this.proxy.cut();
			Consumer second = closing(throughProxy().snapshot(snapshot).start());
			assertThat(second.client().getInstances("orders")).hasSize(5);
			assertThat(second.client().getServices()).containsExactly("orders");
			assertThat(second.catalog().isRestored()).isTrue();
			assertThat(second.catalog().state().synced()).isFalse();
			this.proxy.heal();
			second.awaitConverged(this.admin, Duration.ofSeconds(8));
			assertThat(second.catalog().isRestored()).isFalse();
		}

		@Test
		@DisplayName("cold start: nothing is read from disk while nobody asks and etcd is there")
		void doesNotTakeAnEtcdThatNobodyAskedForOneThatIsAway(@TempDir Path directory) {
			Path snapshot = snapshotOfFiveOrders(directory);
			this.admin.delete("services/orders/0");
			Consumer second = closing(throughProxy().snapshot(snapshot)
				.perService(Duration.ofMinutes(10))
				.syncTimeout(Duration.ofMillis(200))
				.start());
			Awaitility.await().during(Duration.ofSeconds(1)).until(() -> !second.catalog().isRestored());
			Awaitility.await().atMost(SOON).until(() -> second.client().getInstances("orders").size() == 4);
		}

		@Test
		@DisplayName("cold start: etcd is away, the snapshot on disk is served to whoever asks for one service")
		void startsFromDiskWhenEtcdIsAwayFromWhoAsks(@TempDir Path directory) {
			Path snapshot = snapshotOfFiveOrders(directory);
			this.proxy.stall();
			Consumer second = closing(throughProxy().snapshot(snapshot).perService(Duration.ofMinutes(10)).start());
			assertThat(second.client().getInstances("orders")).hasSize(5);
			assertThat(second.catalog().isRestored()).isTrue();
		}

		@Test
		@DisplayName("cold start: one prefix can be read before the other")
		void servesThePrefixThatCannotBeReadYetFromTheSnapshot(@TempDir Path directory) {
			this.admin.put("others/stock/1", "http://10.0.9.1:8080");
			Path snapshot = directory.resolve("instances.json");
			register("orders", 5);
			Consumer first = start(throughProxy().additionalPrefixes("others").snapshot(snapshot));
			Awaitility.await().atMost(START).until(() -> holds(snapshot, "others/stock/1", "services/orders/4"));
			first.close();
			this.proxy.cut();
			Consumer second = closing(throughProxy().additionalPrefixes("others")
				.snapshot(snapshot)
				.decorated((source) -> source.toString().startsWith("others/") ? new UnansweredListerWatcher() : source)
				.start());
			Awaitility.await().atMost(START).until(second.catalog()::isRestored);
			this.proxy.heal();
			this.admin.put("services/orders/late", "http://10.0.1.1:8080");
			Awaitility.await().atMost(START).until(() -> hosts(second, "orders").size() == 6);
			assertThat(second.catalog().isRestored()).isTrue();
			assertThat(second.catalog().isKnown("stock")).isTrue();
			assertThat(hosts(second, "stock")).hasSize(1);
		}

		@Test
		@DisplayName("cold start: a snapshot that could not be written is written once it can be")
		void writesTheSnapshotOnceItCan(@TempDir Path directory, CapturedOutput output) throws IOException {
			Path file = directory.resolve("not-a-directory").resolve("catalog.json");
			Files.writeString(file.getParent(), "");
			register("orders", 5);
			start(direct().snapshot(file));
			Awaitility.await().atMost(SOON).until(() -> output.toString().contains("could not be written"));
			Files.delete(file.getParent());
			Awaitility.await().atMost(Duration.ofSeconds(15)).until(() -> Files.exists(file));
		}

	}

	/**
	 * What each test begins with.
	 */
	abstract static class Fixture {

		final EtcdAdmin admin = etcd.admin();

		final List<AutoCloseable> resources = new ArrayList<>();

		TcpProxy proxy;

		@BeforeEach
		void connect() {
			this.proxy = closing(TcpProxy.to(etcd.clientUrl()));
		}

		@AfterEach
		void close() throws Exception {
			Collections.reverse(this.resources);
			for (AutoCloseable resource : this.resources) {
				resource.close();
			}
		}

		void writeNoise(int from, int to) {
			String value = "x".repeat(1_400_000);
			for (int i = from; i < to; i++) {
				this.admin.put("services/noise/%d".formatted(i), value);
			}
		}

		Path snapshotOfFiveOrders(Path directory) {
			Path file = directory.resolve("catalog.json");
			Path snapshot = file;
			register("orders", 5);
			Consumer consumer = start(throughProxy().snapshot(snapshot));
			Awaitility.await().atMost(SOON).until(() -> Files.exists(file));
			consumer.close();
			return snapshot;
		}

		Consumer.Builder throughProxy() {
			return Consumer.of(this.proxy.url());
		}

		Consumer.Builder direct() {
			return Consumer.of(etcd.clientUrl());
		}

		Consumer start(Consumer.Builder builder) {
			return closing(builder.start()).awaitSynced(START);
		}

		<T extends AutoCloseable> T closing(T resource) {
			this.resources.add(resource);
			return resource;
		}

		Map<String, String> register(String service, int count) {
			Map<String, String> instances = new TreeMap<>();
			for (int i = 0; i < count; i++) {
				instances.put("services/%s/%d".formatted(service, i), "http://10.0.0.%d:8080".formatted(i));
			}
			instances.forEach(this.admin::put);
			return instances;
		}

	}

	/**
	 * Fails at values that tell it to.
	 */
	private static final class ThrowingCodec implements ServiceInstanceCodec {

		@Override
		public boolean recognizes(String value) {
			return value.startsWith("throw");
		}

		@Override
		public List<EtcdServiceInstance> decode(InstanceKey key, String value) {
			if (value.endsWith("error")) {
				throw new StackOverflowError("A codec's own error");
			}
			throw new IllegalStateException("A codec's own fault\r\nInjected: 1");
		}

		@Override
		public String encode(EtcdServiceInstance instance) {
			throw new UnsupportedOperationException();
		}

	}

	/**
	 * Takes its time.
	 */
	private static final class BlockingCodec implements ServiceInstanceCodec {

		private final AddressCodec codec = new AddressCodec();

		private final CountDownLatch blocked = new CountDownLatch(1);

		private volatile @Nullable CountDownLatch latch;

		void block() {
			this.latch = new CountDownLatch(1);
		}

		void awaitBlocked() {
			assertThat(await(this.blocked)).isTrue();
		}

		void release() {
			CountDownLatch latch = this.latch;
			if (latch != null) {
				latch.countDown();
			}
		}

		@Override
		public boolean recognizes(String value) {
			return this.codec.recognizes(value);
		}

		@Override
		public List<EtcdServiceInstance> decode(InstanceKey key, String value) {
			CountDownLatch latch = this.latch;
			if (latch != null) {
				this.blocked.countDown();
				try {
					latch.await();
				}
				catch (InterruptedException ex) {
					Thread.currentThread().interrupt();
				}
			}
			return this.codec.decode(key, value);
		}

		@Override
		public String encode(EtcdServiceInstance instance) {
			return this.codec.encode(instance);
		}

	}

}
