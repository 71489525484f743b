package io.github.etcddiscovery.tutorial;

import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;

import io.etcd.jetcd.ByteSequence;
import io.etcd.jetcd.Client;
import io.etcd.jetcd.options.PutOption;
import io.github.etcddiscovery.discovery.ServiceInstancesChangedEvent;
import io.github.etcddiscovery.instance.EtcdServiceInstance;
import io.github.etcddiscovery.instance.InstanceStatus;
import io.github.etcddiscovery.registry.EtcdRegistration;
import io.github.etcddiscovery.registry.EtcdServiceRegistry;
import io.github.etcddiscovery.testing.EtcdExtension;
import org.apache.commons.logging.Log;
import org.apache.commons.logging.LogFactory;
import org.awaitility.Awaitility;
import org.awaitility.core.ConditionFactory;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.extension.RegisterExtension;

import org.springframework.boot.Banner;
import org.springframework.boot.SpringApplication;
import org.springframework.boot.WebApplicationType;
import org.springframework.boot.autoconfigure.EnableAutoConfiguration;
import org.springframework.cloud.client.discovery.DiscoveryClient;
import org.springframework.context.ConfigurableApplicationContext;
import org.springframework.context.annotation.Configuration;
import org.springframework.context.event.EventListener;

import static org.assertj.core.api.Assertions.assertThat;

/**
 * The scenes of the tutorial with the Node client that it is written for and an etcd that
 * knows root by the password root: what one side does, the other side sees.
 */
@Timeout(400)
class NodeClientIntegrationTests {

	private static final Log logger = LogFactory.getLog(NodeClientIntegrationTests.class);

	private static final String KEY = "services/myapp";

	private static final String DISCOVERY = "--spring.cloud.etcd.discovery.";

	@RegisterExtension
	static final EtcdExtension etcd = EtcdExtension.single();

	@BeforeEach
	void enableAuth() {
		etcd.admin().enableAuth();
	}

	@Test
	void springDiscoversWhatNodeRegisters() {
		try (NodeClient node = NodeClient.start(etcd.clientUrl());
				ConfigurableApplicationContext context = run(DISCOVERY + "register=false")) {
			Events events = context.getBean(Events.class);
			DiscoveryClient client = context.getBean(DiscoveryClient.class);
			node.ask("put", KEY, "http://localhost:3000");
			events.await("myapp", "added http://localhost:3000");
			assertThat(node.ask("get", KEY)).isEqualTo("http://localhost:3000");
			node.ask("delete", KEY);
			events.await("myapp", "removed http://localhost:3000");
			assertThat(client.getInstances("myapp")).isEmpty();
			assertThat(node.ask("get", KEY)).isEqualTo("null");

			node.ask("lend", "services/lent", "http://localhost:4000", "5");
			events.await("lent", "added http://localhost:4000");
			node.ask("register", KEY, "http://localhost:3000", "10");
			events.await("myapp", "added http://localhost:3000");
			node.ask("update", KEY, "http://localhost:3001");
			events.await("myapp", "updated http://localhost:3001");
			assertThat(client.getInstances("myapp").get(0).getUri()).hasToString("http://localhost:3001");

			events.await("lent", "removed http://localhost:4000");
			assertThat(client.getInstances("lent")).isEmpty();
			awaitRenewal(10);
			node.ask("revoke", KEY);
			events.await("myapp", "removed http://localhost:3001");
			assertThat(client.getServices()).isEmpty();
		}
	}

	@Test
	void nodeDiscoversWhatSpringRegisters() throws Exception {
		try (NodeClient node = NodeClient.start(etcd.clientUrl())) {
			try (ConfigurableApplicationContext context = run(DISCOVERY + "format=address", DISCOVERY + "port=3000",
					DISCOVERY + "hostname=localhost", DISCOVERY + "prefer-ip-address=false", DISCOVERY + "ttl=10s")) {
				awaitAnswer(node, KEY, "http://localhost:3000");
				node.ask("watch", KEY);
				node.ask("watch", "services/lent");

				Client client = context.getBean(Client.class);
				client.getKVClient().put(bytes("greeting"), bytes("hello")).get(5, TimeUnit.SECONDS);
				assertThat(node.ask("get", "greeting")).isEqualTo("hello");
				client.getKVClient().delete(bytes("greeting")).get(5, TimeUnit.SECONDS);
				assertThat(node.ask("get", "greeting")).isEqualTo("null");

				long lease = client.getLeaseClient().grant(5).get(5, TimeUnit.SECONDS).getID();
				PutOption underLease = PutOption.builder().withLeaseId(lease).build();
				client.getKVClient()
					.put(bytes("services/lent"), bytes("http://localhost:4000"), underLease)
					.get(5, TimeUnit.SECONDS);
				awaitWatched(node, "services/lent", "put http://localhost:4000");

				context.getBean(EtcdServiceRegistry.class)
					.register(new EtcdRegistration(new EtcdServiceInstance("myapp", "myapp-3001", "localhost", 3001,
							false, InstanceStatus.UP, Map.of())));
				awaitWatched(node, KEY, "put http://localhost:3001");
				assertThat(node.ask("get", KEY)).isEqualTo("http://localhost:3001");

				awaitWatched(node, "services/lent", "put http://localhost:4000", "delete");
				awaitRenewal(10);
				assertThat(node.ask("get", KEY)).isEqualTo("http://localhost:3001");
			}
			awaitWatched(node, KEY, "put http://localhost:3001", "delete");
			assertThat(node.ask("get", KEY)).isEqualTo("null");
			assertThat(etcd.admin().leases()).isEmpty();
		}
	}

	/**
	 * The time that a lease has left only grows when somebody renews it.
	 */
	private static void awaitRenewal(long ttl) {
		long lease = etcd.admin().leaseOf(KEY);
		await().until(() -> etcd.admin().timeToLive(lease) < ttl - 1);
		await().until(() -> etcd.admin().timeToLive(lease) >= ttl - 1);
	}

	private static void awaitAnswer(NodeClient node, String key, String value) {
		await().until(() -> node.ask("get", key).equals(value));
	}

	private static void awaitWatched(NodeClient node, String key, String... events) {
		await().untilAsserted(() -> assertThat(node.watched(key)).containsExactly(events));
	}

	/**
	 * Patient, since a build shares its machine.
	 */
	private static ConditionFactory await() {
		return Awaitility.await().atMost(Duration.ofSeconds(60)).pollInterval(Duration.ofMillis(50));
	}

	private static ByteSequence bytes(String text) {
		return ByteSequence.from(text, StandardCharsets.UTF_8);
	}

	private static ConfigurableApplicationContext run(String... arguments) {
		SpringApplication application = new SpringApplication(Application.class, Events.class);
		application.setWebApplicationType(WebApplicationType.NONE);
		application.setBannerMode(Banner.Mode.OFF);
		Stream<String> common = Stream.of("--spring.application.name=myapp",
				"--spring.cloud.etcd.endpoints=" + etcd.clientUrl(), "--spring.cloud.etcd.connect-timeout=5s",
				"--spring.cloud.etcd.username=root", "--spring.cloud.etcd.password=root", DISCOVERY + "drain=0s");
		return application.run(Stream.concat(common, Stream.of(arguments)).toArray(String[]::new));
	}

	@Configuration(proxyBeanMethods = false)
	@EnableAutoConfiguration
	static class Application {

	}

	static class Events {

		private final List<String> seen = new CopyOnWriteArrayList<>();

		private final Map<String, Integer> awaited = new HashMap<>();

		@EventListener
		void onChange(ServiceInstancesChangedEvent event) {
			see(event, "added", event.getAdded());
			see(event, "updated", event.getUpdated());
			see(event, "removed", event.getRemoved());
		}

		private void see(ServiceInstancesChangedEvent event, String what, List<EtcdServiceInstance> instances) {
			instances.forEach((instance) -> {
				String line = "%s %s %s".formatted(event.getServiceId(), what, instance.getUri());
				logger.info("Spring sees: " + line);
				this.seen.add(line);
			});
		}

		/**
		 * Waits for what is to be seen next of a service, and for nothing else.
		 */
		void await(String service, String event) {
			int last = this.awaited.merge(service, 1, Integer::sum);
			NodeClientIntegrationTests.await().until(() -> of(service).size() >= last);
			assertThat(of(service).get(last - 1)).isEqualTo(service + " " + event);
		}

		private List<String> of(String service) {
			return this.seen.stream().filter((line) -> line.startsWith(service + " ")).toList();
		}

	}

}
