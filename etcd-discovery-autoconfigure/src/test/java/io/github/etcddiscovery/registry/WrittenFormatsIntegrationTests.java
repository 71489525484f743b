package io.github.etcddiscovery.registry;

import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;

import io.github.etcddiscovery.instance.AddressCodec;
import io.github.etcddiscovery.instance.GoNamingCodec;
import io.github.etcddiscovery.instance.ServiceInstanceCodec;
import io.github.etcddiscovery.registry.RegistrationChange.Type;
import io.github.etcddiscovery.testing.EtcdExtension;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.extension.RegisterExtension;

import org.springframework.boot.Banner;
import org.springframework.boot.SpringApplication;
import org.springframework.boot.WebApplicationType;
import org.springframework.boot.autoconfigure.EnableAutoConfiguration;
import org.springframework.context.ConfigurableApplicationContext;
import org.springframework.context.annotation.Configuration;

import static org.assertj.core.api.Assertions.assertThat;

/**
 * Formats other than ours, written to a real etcd, and who holds a key that several
 * instances share.
 */
@Timeout(120)
class WrittenFormatsIntegrationTests {

	private static final Duration TTL = Duration.ofSeconds(3);

	private static final String KEY = "services/myapp";

	@RegisterExtension
	static final EtcdExtension etcd = EtcdExtension.single();

	private final List<Node> nodes = new ArrayList<>();

	@AfterEach
	void close() {
		this.nodes.forEach(Node::close);
	}

	@Test
	void firstOfSeveralInstancesHoldsTheirAddressAndTheOthersStandBy() {
		Node first = register(3000);
		awaitAddress("http://127.0.0.1:3000");
		Node second = register(3001);
		Bounds.awaitUntil(() -> second.changeTypes().equals(List.of(Type.STANDING_BY)));
		assertThat(etcd.admin().get(KEY)).isEqualTo("http://127.0.0.1:3000");
		assertThat(etcd.admin().keys("")).containsExactly(KEY);
		first.close();
		awaitAddress("http://127.0.0.1:3001");
		Bounds.awaitUntil(() -> second.changeTypes().equals(List.of(Type.STANDING_BY, Type.REGISTERED)));
		assertThat(first.changeTypes()).containsExactly(Type.REGISTERED, Type.DEREGISTERED);
	}

	@Test
	void instanceThatStandsByTakesOverWhenTheLeaseOfTheOtherEnds() {
		Node first = register(3000);
		awaitAddress("http://127.0.0.1:3000");
		register(3001);
		first.vanish();
		awaitAddress("http://127.0.0.1:3001");
	}

	@Test
	void instanceThatIsNotToBeCalledLeavesTheAddressToTheOther() {
		EtcdRegistration registration = Node.registration("myapp", "a", 3000);
		Node first = open(new AddressCodec());
		first.registry().register(registration);
		awaitAddress("http://127.0.0.1:3000");
		register(3001);
		first.registry().setStatus(registration, "OUT_OF_SERVICE");
		awaitAddress("http://127.0.0.1:3001");
		first.registry().setStatus(registration, "UP");
		Bounds.awaitUntil(() -> first.changeTypes().contains(Type.STANDING_BY));
		assertThat(etcd.admin().get(KEY)).isEqualTo("http://127.0.0.1:3001");
	}

	@Test
	void addressThatWasWrittenByHandIsTakenOver() {
		etcd.admin().put(KEY, "http://localhost:9999");
		register(3000);
		awaitAddress("http://127.0.0.1:3000");
	}

	@Test
	void writesNamingForGo() {
		Node node = open(new GoNamingCodec());
		EtcdRegistration registration = Node.registration("myapp", "a-3000", 3000);
		node.registry().register(registration);
		Bounds.awaitUntil(() -> etcd.admin()
			.values("")
			.equals(Map.of("services/myapp/a-3000", "{\"Op\":0,\"Addr\":\"127.0.0.1:3000\",\"Metadata\":null}")));
		node.registry().setMetadata(registration, Map.of("zone", "a"));
		Bounds.awaitUntil(() -> etcd.admin()
			.values("")
			.equals(Map.of("services/myapp/a-3000",
					"{\"Op\":0,\"Addr\":\"127.0.0.1:3000\",\"Metadata\":{\"zone\":\"a\"}}")));
		node.registry().setStatus(registration, "DOWN");
		Bounds.awaitUntil(() -> etcd.admin().keys("").isEmpty());
	}

	@Test
	void writesTheAddressWhenTheApplicationSaysSo() {
		try (ConfigurableApplicationContext context = run("address")) {
			awaitAddress("http://127.0.0.1:3000");
			EtcdServiceRegistry registry = context.getBean(EtcdServiceRegistry.class);
			Bounds.awaitUntil(() -> registry.isRegistered(context.getBean(EtcdRegistration.class)));
		}
		assertThat(etcd.admin().keys("")).isEmpty();
	}

	@Test
	void writesSeveralFormatsEachBelowItsOwnPrefix() {
		String json = "{\"service\":\"myapp\",\"id\":\"a\",\"host\":\"127.0.0.1\",\"port\":3000,\"scheme\":\"http\","
				+ "\"status\":\"UP\",\"metadata\":{}}";
		try (ConfigurableApplicationContext context = run("json,grpc,go-zero",
				"--spring.cloud.etcd.discovery.formats.go-zero.without-prefix=true")) {
			Map<String, String> all = Map.of("services/myapp/a", json, "services-grpc/myapp/a",
					"{\"Op\":0,\"Addr\":\"127.0.0.1:3000\",\"Metadata\":null}", "myapp/a", "127.0.0.1:3000");
			Bounds.awaitUntil(() -> etcd.admin().values("").equals(all));
			EtcdServiceRegistry registry = context.getBean(EtcdServiceRegistry.class);
			EtcdRegistration registration = context.getBean(EtcdRegistration.class);
			registry.setStatus(registration, "OUT_OF_SERVICE");
			Bounds.awaitUntil(() -> etcd.admin()
				.values("")
				.equals(Map.of("services/myapp/a", json.replace("UP", "OUT_OF_SERVICE"))));
			registry.setStatus(registration, "UP");
			Bounds.awaitUntil(() -> etcd.admin().values("").equals(all));
			etcd.admin().delete("services-grpc/myapp/a");
			Bounds.awaitUntil(() -> etcd.admin().values("").equals(all));
			registry.deregister(registration);
			assertThat(etcd.admin().keys("")).isEmpty();
			registry.register(registration);
			Bounds.awaitUntil(() -> etcd.admin().values("").equals(all));
		}
		assertThat(etcd.admin().keys("")).isEmpty();
	}

	@Test
	void restartedInstanceTakesOverItsKeysInEveryFormat() {
		etcd.admin()
			.put("services-grpc/myapp/a", "{\"Op\":0,\"Addr\":\"127.0.0.1:3000\",\"Metadata\":null}",
					etcd.admin().grantLease(Duration.ofSeconds(60)));
		try (ConfigurableApplicationContext context = run("json,grpc")) {
			EtcdServiceRegistry registry = context.getBean(EtcdServiceRegistry.class);
			registry.setMetadata(context.getBean(EtcdRegistration.class), Map.of("zone", "a"));
			Bounds.awaitUntil(() -> String.valueOf(etcd.admin().get("services-grpc/myapp/a")).contains("zone"));
		}
		assertThat(etcd.admin().keys("")).isEmpty();
	}

	private Node register(int port) {
		Node node = open(new AddressCodec());
		node.registry().register(Node.registration("myapp", "a-" + port, port));
		return node;
	}

	private Node open(ServiceInstanceCodec codec) {
		Node node = new Node(codec, TTL, etcd.clientUrl());
		this.nodes.add(node);
		return node;
	}

	private static void awaitAddress(String address) {
		Bounds.awaitUntil(() -> address.equals(etcd.admin().get(KEY)));
	}

	private static ConfigurableApplicationContext run(String format, String... properties) {
		SpringApplication application = new SpringApplication(Application.class);
		application.setWebApplicationType(WebApplicationType.NONE);
		application.setBannerMode(Banner.Mode.OFF);
		return application.run(Stream.concat(Stream.of(properties),
				Stream.of("--spring.application.name=myapp", "--spring.cloud.etcd.endpoints=" + etcd.clientUrl(),
						"--spring.cloud.etcd.discovery.format=" + format, "--spring.cloud.etcd.discovery.port=3000",
						"--spring.cloud.etcd.discovery.instance-id=a",
						"--spring.cloud.etcd.discovery.ip-address=127.0.0.1", "--spring.cloud.etcd.discovery.drain=0s"))
			.toArray(String[]::new));
	}

	@Configuration(proxyBeanMethods = false)
	@EnableAutoConfiguration
	static class Application {

	}

}
