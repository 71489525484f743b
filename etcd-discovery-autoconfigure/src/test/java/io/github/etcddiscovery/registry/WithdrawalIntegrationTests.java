package io.github.etcddiscovery.registry;

import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.stream.Stream;

import io.github.etcddiscovery.discovery.ServiceCatalog;
import io.github.etcddiscovery.instance.EtcdServiceInstance;
import io.github.etcddiscovery.instance.GoNamingCodec;
import io.github.etcddiscovery.instance.InstanceKey;
import io.github.etcddiscovery.instance.InstanceStatus;
import io.github.etcddiscovery.instance.JsonCodec;
import io.github.etcddiscovery.instance.ServiceInstanceCodec;
import io.github.etcddiscovery.testing.EtcdAdmin;
import io.github.etcddiscovery.testing.EtcdExtension;
import org.awaitility.Awaitility;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Named;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.extension.RegisterExtension;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

import static org.assertj.core.api.Assertions.assertThat;

/**
 * Row 73: instances are taken out of service, in every format, and nobody takes that for
 * a disaster.
 */
@Timeout(60)
class WithdrawalIntegrationTests {

	private static final Duration TTL = Duration.ofSeconds(30);

	@RegisterExtension
	static final EtcdExtension etcd = EtcdExtension.single();

	private final EtcdAdmin admin = etcd.admin();

	private final List<Node> nodes = new ArrayList<>();

	private final ServiceCatalog catalog = open(new JsonCodec()).catalog();

	@AfterEach
	void close() {
		this.nodes.forEach(Node::close);
	}

	static Stream<Named<ServiceInstanceCodec>> formats() {
		return Stream.of(Named.of("json", new JsonCodec()), Named.of("grpc", new GoNamingCodec()),
				Named.of("a user's", new NullCodec()));
	}

	@ParameterizedTest
	@MethodSource("formats")
	@DisplayName("row 73: instances of our own are taken out of service")
	void outOfServiceIsNoDisaster(ServiceInstanceCodec format) {
		List<EtcdRegistration> registrations = new ArrayList<>();
		for (int i = 0; i < 4; i++) {
			registrations.add(Node.registration("orders", "host-" + i, 3000 + i));
			open(format).registry().register(registrations.get(i));
		}
		awaitPorts(3000, 3001, 3002, 3003);
		List<String> statuses = List.of("OUT_OF_SERVICE", "DOWN", "OUT_OF_SERVICE");
		for (int i = 0; i < 3; i++) {
			this.nodes.get(i + 1).registry().setStatus(registrations.get(i), statuses.get(i));
		}
		awaitPorts(3003);
		assertStays(3003);
		this.nodes.get(1).registry().setStatus(registrations.get(0), "UP");
		awaitPorts(3000, 3003);
		this.nodes.get(1).registry().setStatus(registrations.get(0), "DOWN");
		this.nodes.get(4).registry().setStatus(registrations.get(3), "DOWN");
		awaitPorts();
		assertStays();
	}

	@Test
	@DisplayName("row 73: programs of others delete their keys, and their leases live")
	void keysThatAreDeletedByHandAreNoDisaster() {
		List<Long> leases = registerForeign(5, "orders");
		registerForeign(5, "stock");
		awaitPorts(9000, 9001, 9002, 9003, 9004);
		for (int i = 0; i < 5; i++) {
			this.admin.delete("services/orders/" + i);
			this.admin.delete("services/stock/" + i);
		}
		awaitPorts();
		assertStays();
		assertThat(leases).allSatisfy((lease) -> assertThat(this.admin.timeToLive(lease)).isPositive());
	}

	@Test
	@DisplayName("row 73: scripts delete keys that have no lease")
	void keysWithoutALeaseAreDeleted() {
		for (int i = 0; i < 5; i++) {
			this.admin.put("services/orders/" + i, "http://10.0.0.1:" + (9000 + i));
		}
		awaitPorts(9000, 9001, 9002, 9003, 9004);
		for (int i = 1; i < 5; i++) {
			this.admin.delete("services/orders/" + i);
		}
		awaitPorts(9000);
		assertStays(9000);
	}

	@Test
	@DisplayName("row 52: leases end, with or without a key that stays")
	void leasesThatEndAreADisaster() {
		List<Long> leases = registerForeign(5, "orders");
		awaitPorts(9000, 9001, 9002, 9003, 9004);
		leases.subList(1, 5).forEach(this.admin::revoke);
		Awaitility.await()
			.atMost(Duration.ofSeconds(5))
			.until(() -> this.catalog.held().getOrDefault("orders", List.of()).size() == 4);
		assertStays(9000, 9001, 9002, 9003, 9004);
	}

	@Test
	@DisplayName("row 52: somebody deletes the keys of many at once")
	void keysThatAreDeletedTogetherAreADisaster() {
		registerForeign(5, "orders");
		awaitPorts(9000, 9001, 9002, 9003, 9004);
		this.admin.deletePrefix("services/orders/");
		Awaitility.await()
			.atMost(Duration.ofSeconds(5))
			.until(() -> this.catalog.held().getOrDefault("orders", List.of()).size() == 5);
		assertStays(9000, 9001, 9002, 9003, 9004);
	}

	private List<Long> registerForeign(int count, String service) {
		List<Long> leases = new ArrayList<>();
		for (int i = 0; i < count; i++) {
			leases.add(this.admin.grantLease(Duration.ofMinutes(5)));
			this.admin.put("services/%s/%d".formatted(service, i),
					"{\"Op\":0,\"Addr\":\"10.0.0.1:%d\",\"Metadata\":null}".formatted(9000 + i), leases.get(i));
		}
		return leases;
	}

	private Node open(ServiceInstanceCodec codec) {
		Node node = new Node(codec, TTL, etcd.clientUrl());
		this.nodes.add(node);
		return node;
	}

	private void awaitPorts(Integer... ports) {
		Awaitility.await()
			.atMost(Duration.ofSeconds(10))
			.pollInterval(Duration.ofMillis(20))
			.untilAsserted(() -> assertThat(ports()).containsExactly(ports));
	}

	private void assertStays(Integer... ports) {
		Awaitility.await()
			.during(Duration.ofMillis(1500))
			.atMost(Duration.ofSeconds(5))
			.pollInterval(Duration.ofMillis(20))
			.until(() -> ports().equals(Arrays.asList(ports)));
	}

	private List<Integer> ports() {
		return this.catalog.instances("orders").stream().map((instance) -> instance.getPort()).toList();
	}

	/**
	 * A format that can't say that an instance is not to be called.
	 */
	private static final class NullCodec implements ServiceInstanceCodec {

		@Override
		public boolean recognizes(String value) {
			return false;
		}

		@Override
		public List<EtcdServiceInstance> decode(InstanceKey key, String value) {
			return List.of();
		}

		@Override
		public @Nullable String encode(EtcdServiceInstance instance) {
			return (instance.getStatus() == InstanceStatus.UP) ? instance.getHost() + ":" + instance.getPort() : null;
		}

	}

}
