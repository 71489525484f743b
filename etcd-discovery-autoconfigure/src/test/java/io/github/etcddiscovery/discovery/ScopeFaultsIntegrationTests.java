package io.github.etcddiscovery.discovery;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CopyOnWriteArrayList;

import io.github.etcddiscovery.testing.EtcdAdmin;
import io.github.etcddiscovery.testing.EtcdExtension;
import io.github.etcddiscovery.testing.TcpProxy;
import io.github.etcddiscovery.watch.ListerWatcher;
import io.github.etcddiscovery.watch.Position;
import io.github.etcddiscovery.watch.Snapshot;
import org.awaitility.Awaitility;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.api.extension.RegisterExtension;
import org.junit.jupiter.api.io.TempDir;
import reactor.core.Disposable;

import org.springframework.boot.test.system.CapturedOutput;
import org.springframework.boot.test.system.OutputCaptureExtension;
import org.springframework.cloud.client.ServiceInstance;

import static org.assertj.core.api.Assertions.assertThat;

/**
 * What bounds and scopes do to those who are found.
 */
@Timeout(60)
@ExtendWith(OutputCaptureExtension.class)
class ScopeFaultsIntegrationTests {

	/**
	 * As many services as are followed at a time.
	 */
	private static final int MAX_SERVICES = 1000;

	private static final Duration SOON = Duration.ofSeconds(10);

	@RegisterExtension
	static final EtcdExtension etcd = EtcdExtension.single();

	private final EtcdAdmin admin = etcd.admin();

	private final List<AutoCloseable> resources = new ArrayList<>();

	@TempDir
	Path directory;

	private TcpProxy proxy;

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

	@Test
	@DisplayName("row 71: more instances than there are places, then one leaves")
	void placesAreTheSameForAllAndPassOn() {
		Consumer early = closing(direct().limits(3).start()).awaitSynced(SOON);
		for (String id : List.of("e", "c", "a", "d", "b")) {
			register("orders", id);
		}
		Consumer late = closing(direct().limits(3).perService(Duration.ofMinutes(10)).start());
		for (Consumer consumer : List.of(early, late)) {
			awaitIds(consumer, "orders", SOON, "a", "c", "e");
		}
		this.admin.put("services/orders/e", "{\"host\":\"e\",\"port\":1,\"metadata\":{\"zone\":\"z\"}}");
		early.catalog().refresh();
		this.admin.delete("services/orders/c");
		for (Consumer consumer : List.of(early, late)) {
			awaitIds(consumer, "orders", Duration.ofSeconds(2), "a", "d", "e");
		}
	}

	@Test
	@DisplayName("row 72: etcd is away for longer than a service is followed")
	void servicesAreNotForgottenWhileEtcdIsAway() {
		register("orders", "1");
		register("stock", "1");
		Consumer consumer = closing(throughProxy().perService(Duration.ofSeconds(1)).start());
		awaitIds(consumer, "orders", SOON, "1");
		awaitIds(consumer, "stock", SOON, "1");
		assertThat(consumer.client().getServices()).containsExactly("orders", "stock");
		this.proxy.cut();
		consumer.awaitLost(SOON);
		Awaitility.await()
			.during(Duration.ofSeconds(4))
			.atMost(SOON)
			.until(() -> consumer.catalog().registeredInstances().keySet().equals(Set.of("orders", "stock")));
		assertThat(ids(consumer, "orders")).containsExactly("1");
		assertThat(consumer.client().getServices()).containsExactly("orders", "stock");
		this.proxy.heal();
		Awaitility.await().atMost(SOON).until(() -> consumer.catalog().registeredInstances().keySet().isEmpty());
	}

	@Test
	@DisplayName("row 72: more services are asked for than are followed, while etcd is away")
	void servicesDoNotMakeWayWhileEtcdIsAway() {
		register("orders", "1");
		Consumer consumer = closing(
				throughProxy().perService(Duration.ofMinutes(10)).syncTimeout(Duration.ofMillis(1)).start());
		awaitIds(consumer, "orders", SOON, "1");
		this.proxy.cut();
		consumer.awaitLost(SOON);
		for (int i = 0; i < MAX_SERVICES + 10; i++) {
			consumer.catalog().instances("unknown" + i);
		}
		Awaitility.await()
			.during(Duration.ofSeconds(1))
			.atMost(SOON)
			.until(() -> consumer.catalog().registeredInstances().keySet().equals(Set.of("orders")));
		assertThat(ids(consumer, "orders")).containsExactly("1");
	}

	@Test
	@DisplayName("a snapshot of another etcd is not taken for this one's")
	void productionDoesNotBeginWithStaging(CapturedOutput output) {
		register("orders", "1");
		writeSnapshot(throughProxy());
		TcpProxy production = closing(TcpProxy.to(etcd.clientUrl()));
		production.stall();
		Consumer consumer = closing(
				Consumer.of(production.url()).snapshot(snapshot()).syncTimeout(Duration.ofSeconds(1)).start());
		assertThat(ids(consumer, "orders")).isEmpty();
		Awaitility.await()
			.atMost(SOON)
			.until(() -> output.toString().contains("is of another version, prefix or etcd and is not used"));
		assertThat(consumer.catalog().isRestored()).isFalse();
	}

	@Test
	@DisplayName("a snapshot keeps to the limits of today")
	void snapshotKeepsToTheLimits() {
		this.admin.put("services/orders/1", "http://10.0.0.1:80");
		this.admin.put("services/orders/2", "http://169.254.169.254:80");
		this.admin.put("services/orders/3", "http://10.0.0.3:80");
		this.admin.put("services/orders/4", "http://10.0.0.4:80");
		writeSnapshot(throughProxy());
		this.proxy.stall();
		Consumer consumer = closing(throughProxy().snapshot(snapshot()).limits(2, "10.0.0.0/8").start());
		assertThat(ids(consumer, "orders")).containsExactly("1", "3");
	}

	@Test
	@DisplayName("in the scope of a service, a service of the snapshot that is gone leaves by itself")
	void deadServicesOfTheSnapshotLeave() throws IOException {
		register("orders", "1");
		register("dead", "1");
		writeSnapshot(throughProxy());
		this.admin.delete("services/dead/1");
		this.proxy.stall();
		Consumer consumer = closing(throughProxy().snapshot(snapshot()).perService(Duration.ofMinutes(10)).start());
		assertThat(ids(consumer, "orders")).containsExactly("1");
		assertThat(consumer.catalog().registeredInstances().keySet()).containsExactly("dead", "orders");
		this.proxy.heal();
		Awaitility.await()
			.atMost(Duration.ofSeconds(20))
			.until(() -> consumer.catalog().registeredInstances().keySet().equals(Set.of("orders")));
		Awaitility.await().atMost(SOON).until(() -> !consumer.catalog().isRestored());
		Awaitility.await()
			.atMost(Duration.ofSeconds(15))
			.until(() -> !Files.readString(this.directory.resolve("catalog.json")).contains("dead"));
	}

	@Test
	@DisplayName("with several prefixes, the first list says nothing of the others")
	void whatIsRestoredBelowOnePrefixIsKnownUntilThatIsListed() {
		register("orders", "1");
		this.admin.put("others/stock/1", "http://stock:80");
		writeSnapshot(throughProxy().additionalPrefixes("others"));
		this.proxy.stall();
		CompletableFuture<Void> released = new CompletableFuture<>();
		Consumer consumer = closing(throughProxy().additionalPrefixes("others")
			.snapshot(snapshot())
			.decorated((source) -> source.toString().startsWith("others") ? new HeldUp(source, released) : source)
			.start());
		assertThat(ids(consumer, "orders")).containsExactly("1");
		this.admin.delete("services/orders/1");
		this.proxy.heal();
		Awaitility.await().atMost(Duration.ofSeconds(20)).until(() -> ids(consumer, "orders").isEmpty());
		assertThat(consumer.catalog().isRestored()).isTrue();
		assertThat(consumer.catalog().isKnown("stock")).isTrue();
		assertThat(consumer.catalog().isKnown("unknown")).isFalse();
		assertThat(consumer.catalog().instances("stock")).hasSize(1);
		released.complete(null);
		Awaitility.await().atMost(SOON).until(() -> !consumer.catalog().isRestored());
		assertThat(consumer.catalog().instances("stock")).hasSize(1);
	}

	@Test
	@DisplayName("a name in capitals, as Eureka's users write it")
	void findsAServiceWhoseNameDiffersInCaseOnly(CapturedOutput output) {
		register("orders", "1");
		register("Stock", "1");
		register("stock", "2");
		for (Consumer.Builder builder : List.of(direct(), direct().perService(Duration.ofMinutes(1)))) {
			Consumer consumer = closing(builder.start());
			assertThat(ids(consumer, "ORDERS")).containsExactly("1");
			assertThat(ids(consumer, "orders")).containsExactly("1");
			assertThat(ids(consumer, "Stock")).containsExactly("1");
			assertThat(ids(consumer, "STOCK")).as("ambiguous").isEmpty();
			EtcdReactiveDiscoveryClient reactive = new EtcdReactiveDiscoveryClient(consumer.catalog(), 0);
			assertThat(reactive.getInstances("ORDERS").collectList().block(SOON)).hasSize(1);
		}
		assertThat(output).contains("No service is called 'ORDERS': using 'orders'")
			.contains("No service is called 'STOCK': 'Stock' and 'stock' differ in case only, so none is used");
	}

	@Test
	@DisplayName("a filter by metadata leaves out those that do not match")
	void callsThoseThatTheFilterLeaves() {
		this.admin.put("services/orders/1", "{\"host\":\"a\",\"port\":1,\"metadata\":{\"version\":\"1\"}}");
		this.admin.put("services/orders/2", "{\"host\":\"b\",\"port\":1,\"metadata\":{\"version\":\"2\"}}");
		register("orders", "3");
		register("stock", "1");
		Consumer consumer = closing(direct().filter("orders", Map.of("version", "2")).start());
		assertThat(ids(consumer, "orders")).containsExactly("2");
		assertThat(ids(consumer, "stock")).containsExactly("1");
		assertThat(consumer.client().getRegisteredInstances("orders")).hasSize(3);
		this.admin.put("services/orders/1", "{\"host\":\"a\",\"port\":1,\"metadata\":{\"version\":\"2\"}}");
		awaitIds(consumer, "orders", SOON, "1", "2");
	}

	@Test
	@DisplayName("a subscriber is told of each change, and keeps a service followed")
	void tellsASubscriberOfChanges() {
		register("orders", "1");
		Consumer consumer = closing(direct().perService(Duration.ofSeconds(1)).start());
		EtcdReactiveDiscoveryClient reactive = new EtcdReactiveDiscoveryClient(consumer.catalog(), 0);
		List<List<String>> seen = new CopyOnWriteArrayList<>();
		Disposable subscription = reactive.instanceChanges("orders")
			.subscribe((instances) -> seen.add(instances.stream().map(ServiceInstance::getInstanceId).toList()));
		Awaitility.await().atMost(SOON).until(() -> seen.equals(List.of(List.of("1"))));
		Awaitility.await()
			.during(Duration.ofSeconds(3))
			.atMost(SOON)
			.until(() -> consumer.catalog().registeredInstances().keySet().equals(Set.of("orders")));
		register("orders", "2");
		this.admin.delete("services/orders/1");
		Awaitility.await()
			.atMost(SOON)
			.until(() -> seen.get(seen.size() - 1).equals(List.of("2")) && seen.get(0).equals(List.of("1")));
		subscription.dispose();
		Awaitility.await().atMost(SOON).until(() -> consumer.catalog().registeredInstances().keySet().isEmpty());
	}

	private void writeSnapshot(Consumer.Builder builder) {
		Consumer consumer = builder.snapshot(snapshot()).start();
		consumer.awaitSynced(SOON);
		Awaitility.await().atMost(SOON).until(() -> Files.exists(this.directory.resolve("catalog.json")));
		consumer.close();
	}

	private Path snapshot() {
		return this.directory.resolve("catalog.json");
	}

	private void register(String service, String id) {
		this.admin.put("services/%s/%s".formatted(service, id), "http://%s-%s:80".formatted(service, id));
	}

	private Consumer.Builder direct() {
		return Consumer.of(etcd.clientUrl());
	}

	private Consumer.Builder throughProxy() {
		return Consumer.of(this.proxy.url());
	}

	private static void awaitIds(Consumer consumer, String service, Duration bound, String... ids) {
		Awaitility.await()
			.atMost(bound)
			.pollInterval(Duration.ofMillis(20))
			.untilAsserted(() -> assertThat(ids(consumer, service)).containsExactly(ids));
	}

	private static List<String> ids(Consumer consumer, String service) {
		return consumer.client().getInstances(service).stream().map(ServiceInstance::getInstanceId).toList();
	}

	private <T extends AutoCloseable> T closing(T resource) {
		this.resources.add(resource);
		return resource;
	}

	/**
	 * Lists nothing until it is released.
	 */
	private record HeldUp(ListerWatcher delegate, CompletableFuture<Void> released) implements ListerWatcher {

		@Override
		public CompletableFuture<Snapshot> list() {
			return this.released.thenCompose((now) -> this.delegate.list());
		}

		@Override
		public CompletableFuture<Position> position() {
			return this.delegate.position();
		}

		@Override
		public Watch watch(long fromRevision, Handler handler) {
			return this.delegate.watch(fromRevision, handler);
		}

	}

}
