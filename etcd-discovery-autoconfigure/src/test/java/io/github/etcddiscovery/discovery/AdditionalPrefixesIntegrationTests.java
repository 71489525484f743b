package io.github.etcddiscovery.discovery;

import java.time.Duration;
import java.util.List;

import io.github.etcddiscovery.catalog.WatchScope;
import io.github.etcddiscovery.instance.EtcdServiceInstance;
import io.github.etcddiscovery.testing.EtcdExtension;
import org.awaitility.Awaitility;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.extension.RegisterExtension;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

import org.springframework.cloud.client.ServiceInstance;

import static org.assertj.core.api.Assertions.assertThat;

/**
 * Several prefixes in one catalog, on a real etcd.
 */
@Timeout(120)
class AdditionalPrefixesIntegrationTests {

	private static final Duration BOUND = Duration.ofSeconds(20);

	private static final String KRATOS = "{\"id\":\"k1\",\"name\":\"orders\",\"version\":\"\",\"metadata\":null,"
			+ "\"endpoints\":[\"http://10.0.0.7:8000\"]}";

	private static final String KITEX = "{\"network\":\"tcp\",\"address\":\"10.0.0.8:8888\",\"weight\":10,\"tags\":null}";

	@RegisterExtension
	static final EtcdExtension etcd = EtcdExtension.single();

	@Test
	void mergesTheInstancesOfAllPrefixes() {
		putInstances();
		try (Consumer consumer = consumer().start().awaitSynced(BOUND)) {
			assertAllAreFound(consumer);
			assertThat(consumer.client().getServices()).containsExactly("orders", "payments");
			assertThat(consumer.catalog().rejected()).isEmpty();
			etcd.admin().delete("/microservices/orders/k1");
			awaitUris(consumer, "http://10.0.0.7:1", "http://10.0.0.8:8888");
			etcd.admin().put("kitex/registry-etcd/orders/10.0.0.9:8888", KITEX.replace("10.0.0.8", "10.0.0.9"));
			awaitUris(consumer, "http://10.0.0.7:1", "http://10.0.0.8:8888", "http://10.0.0.9:8888");
		}
	}

	@Test
	void followsOneServiceInAllPrefixes() {
		putInstances();
		try (Consumer consumer = consumer().perService(Duration.ofSeconds(1)).start()) {
			assertAllAreFound(consumer);
			assertThat(consumer.client().getServices()).containsExactly("orders", "payments");
			etcd.admin().delete("/microservices/orders/k1");
			awaitUris(consumer, "http://10.0.0.7:1", "http://10.0.0.8:8888");
			// Let go after a second without a look-up, and followed again with the next
			Awaitility.await().atMost(BOUND).until(() -> consumer.content().isEmpty());
			etcd.admin().put("/microservices/orders/k1", KRATOS);
			assertAllAreFound(consumer);
		}
	}

	@Test
	void prefixThatMayNotBeReadDoesNotHarmTheOthers() {
		putInstances();
		etcd.admin().addRole("reader");
		etcd.admin().grantRead("reader", "services/");
		etcd.admin().grantRead("reader", "/microservices/");
		etcd.admin().addUser("shop", "shop", "reader");
		etcd.admin().enableAuth();
		try (Consumer consumer = consumer().user("shop").start()) {
			// Nobody waits for what is refused
			Awaitility.await().atMost(BOUND).until(() -> consumer.catalog().isKnown("orders"));
			assertThat(uris(consumer)).containsExactly("http://10.0.0.7:8000", "http://10.0.0.7:1");
			etcd.admin().put("services/orders/2", "10.0.0.7:2");
			awaitUris(consumer, "http://10.0.0.7:8000", "http://10.0.0.7:1", "http://10.0.0.7:2");
			assertThat(consumer.catalog().state().synced()).isFalse();
			assertThat(consumer.catalog().state().reason()).contains("permission");
			etcd.admin().grantRead("reader", "kitex/");
			awaitUris(consumer, "http://10.0.0.7:8000", "http://10.0.0.8:8888", "http://10.0.0.7:1",
					"http://10.0.0.7:2");
			consumer.awaitSynced(BOUND);
		}
	}

	@ParameterizedTest
	@EnumSource(WatchScope.class)
	void findsServiceWithoutPrefixAtItsOwnKey(WatchScope scope) {
		etcd.admin().put("user.rpc", "http://10.0.0.1:80");
		etcd.admin().put("user.rpc/7587864068988009477", "10.0.0.2:8080");
		etcd.admin().put("user.rpc2/1", "10.0.0.3:8080");
		etcd.admin().put("services/users/1", "10.0.0.4:8080");
		Consumer.Builder builder = consumer().serviceKey("users", "user.rpc");
		if (scope == WatchScope.SERVICE) {
			builder.perService(Duration.ofSeconds(30));
		}
		try (Consumer consumer = builder.start()) {
			assertThat(uris(consumer, "users")).containsExactlyInAnyOrder("http://10.0.0.1:80", "http://10.0.0.2:8080",
					"http://10.0.0.4:8080");
			assertThat(consumer.client().getServices()).contains("users").doesNotContain("user.rpc");
			assertThat(consumer.client().getRegisteredInstances("users")).extracting(EtcdServiceInstance::getInstanceId)
				.containsExactlyInAnyOrder("users@user.rpc", "7587864068988009477@user.rpc", "1");
			etcd.admin().put("user.rpc/8", "10.0.0.5:8080");
			etcd.admin().delete("user.rpc");
			Awaitility.await()
				.atMost(BOUND)
				.untilAsserted(() -> assertThat(uris(consumer, "users"))
					.containsExactlyInAnyOrder("http://10.0.0.2:8080", "http://10.0.0.5:8080", "http://10.0.0.4:8080"));
			assertThat(consumer.catalog().rejected()).isEmpty();
		}
	}

	@Test
	void serviceAtItsOwnKeyIsLetGoAndFollowedAgain() {
		etcd.admin().put("user.rpc/1", "10.0.0.2:8080");
		try (Consumer consumer = consumer().serviceKey("users", "user.rpc").perService(Duration.ofSeconds(1)).start()) {
			assertThat(uris(consumer, "users")).containsExactly("http://10.0.0.2:8080");
			Awaitility.await().atMost(BOUND).until(() -> consumer.content().isEmpty());
			assertThat(uris(consumer, "users")).containsExactly("http://10.0.0.2:8080");
		}
	}

	@Test
	void nameThatNoUriCanHoldIsFoundButNotListed() {
		etcd.admin().put("services/order items/1", "10.0.0.7:1");
		etcd.admin().put("services/order_items/1", "10.0.0.7:2");
		try (Consumer consumer = consumer().start().awaitSynced(BOUND)) {
			assertThat(consumer.client().getServices()).containsExactly("order_items");
			assertThat(consumer.client().getInstances("order items")).hasSize(1);
		}
		try (Consumer consumer = consumer().perService(Duration.ofSeconds(5)).start()) {
			assertThat(consumer.client().getServices()).containsExactly("order_items");
			assertThat(consumer.client().getInstances("order items")).hasSize(1);
		}
	}

	@Test
	void managementPortsAreFoundButListedOnlyWhenAskedFor() {
		etcd.admin().put("services/orders/1", "10.0.0.7:1");
		etcd.admin().put("services/wealth-management/1", "10.0.0.7:3");
		etcd.admin()
			.put("services/orders-management/1-management",
					"{\"host\":\"10.0.0.7\",\"port\":2,\"metadata\":{\"management-of\":\"orders\"}}");
		for (Consumer.Builder builder : List.of(consumer(), consumer().perService(Duration.ofMinutes(1)))) {
			try (Consumer consumer = builder.start()) {
				assertThat(consumer.client().getServices()).containsExactly("orders", "wealth-management");
				assertThat(consumer.client().getInstances("orders-management")).hasSize(1);
				assertThat(consumer.client().getServices()).containsExactly("orders", "wealth-management");
			}
			try (Consumer consumer = builder.listManagementServices().start()) {
				assertThat(consumer.client().getServices()).containsExactly("orders", "orders-management",
						"wealth-management");
			}
		}
	}

	private static void putInstances() {
		etcd.admin().put("services/orders/1", "10.0.0.7:1");
		etcd.admin().put("/microservices/orders/k1", KRATOS);
		etcd.admin().put("kitex/registry-etcd/orders/10.0.0.8:8888", KITEX);
		etcd.admin().put("kitex/registry-etcd/payments/10.0.0.9:8888", KITEX);
	}

	private static Consumer.Builder consumer() {
		return Consumer.of(etcd.clientUrl()).additionalPrefixes("/microservices", "kitex/registry-etcd");
	}

	private static void assertAllAreFound(Consumer consumer) {
		assertThat(uris(consumer)).containsExactly("http://10.0.0.7:8000", "http://10.0.0.8:8888", "http://10.0.0.7:1");
		assertThat(consumer.client().getRegisteredInstances("orders")).extracting(EtcdServiceInstance::getInstanceId)
			.containsExactly("k1@/microservices", "10.0.0.8:8888@kitex/registry-etcd", "1");
	}

	private static void awaitUris(Consumer consumer, String... uris) {
		Awaitility.await()
			.atMost(BOUND)
			.untilAsserted(() -> assertThat(uris(consumer)).containsExactlyInAnyOrder(uris));
	}

	private static List<String> uris(Consumer consumer) {
		return uris(consumer, "orders");
	}

	private static List<String> uris(Consumer consumer, String service) {
		return consumer.client()
			.getInstances(service)
			.stream()
			.map(ServiceInstance::getUri)
			.map(String::valueOf)
			.toList();
	}

}
