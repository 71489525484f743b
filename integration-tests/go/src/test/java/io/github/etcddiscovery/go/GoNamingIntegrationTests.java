package io.github.etcddiscovery.go;

import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;

import io.github.etcddiscovery.instance.EtcdServiceInstance;
import io.github.etcddiscovery.instance.GoNamingCodec;
import io.github.etcddiscovery.instance.InstanceStatus;
import io.github.etcddiscovery.testing.EtcdExtension;
import io.github.etcddiscovery.testing.FreePorts;
import org.awaitility.Awaitility;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.extension.RegisterExtension;
import tools.jackson.databind.json.JsonMapper;

import org.springframework.context.ConfigurableApplicationContext;

import static org.assertj.core.api.Assertions.assertThat;

/**
 * Beside services that use etcd's naming for gRPC, and a real gRPC channel.
 */
@Timeout(180)
class GoNamingIntegrationTests {

	private static final String TARGET = "services-grpc/orders";

	private static final Duration BOUND = Duration.ofSeconds(30);

	/**
	 * Shorter than the TTL of the peers, so that no lease has ended by then.
	 */
	private static final Duration AT_ONCE = Duration.ofMillis(2500);

	@RegisterExtension
	static final EtcdExtension etcd = EtcdExtension.single();

	@RegisterExtension
	final Go go = new Go();

	@RegisterExtension
	final JavaApplications java = new JavaApplications();

	@Test
	void channelCallsJavaAndGoAndNobodyThatIsOutOfService() {
		String goAddress = address();
		int javaPort = FreePorts.next();
		String javaAddress = "127.0.0.1:" + javaPort;
		serve(List.of(goAddress, javaAddress));
		register(goAddress, "");
		ConfigurableApplicationContext provider = this.java.run(etcd.clientUrl(), "format=json,grpc",
				"port=" + javaPort, "drain=0s");
		ConfigurableApplicationContext consumer = consumer();
		JavaApplications.awaitAddresses(consumer, "orders", javaAddress, goAddress);
		Peer caller = this.go.run("naming-call", etcd.clientUrl(), TARGET);
		awaitCalls(caller, javaAddress, goAddress);
		JavaApplications.setStatus(provider, "OUT_OF_SERVICE");
		JavaApplications.awaitAddresses(AT_ONCE, consumer, "orders", goAddress);
		awaitCalls(caller, goAddress);
		JavaApplications.setStatus(provider, "UP");
		JavaApplications.awaitAddresses(consumer, "orders", javaAddress, goAddress);
		awaitCalls(caller, javaAddress, goAddress);
		provider.close();
		awaitCalls(caller, goAddress);
		JavaApplications.awaitAddresses(AT_ONCE, consumer, "orders", goAddress);
	}

	@Test
	void javaOfTheSameFormatIsNotCalledWhenItIsOutOfService() {
		List<ConfigurableApplicationContext> providers = new ArrayList<>();
		List<String> addresses = new ArrayList<>();
		for (int i = 0; i < 3; i++) {
			int port = FreePorts.next();
			addresses.add("127.0.0.1:" + port);
			providers.add(this.java.run(etcd.clientUrl(), "format=grpc", "prefix=services-grpc", "port=" + port,
					"drain=0s", "instance-id=orders-" + i));
		}
		serve(addresses);
		ConfigurableApplicationContext consumer = consumer();
		JavaApplications.awaitAddresses(consumer, "orders", addresses.toArray(String[]::new));
		JavaApplications.setStatus(providers.get(0), "OUT_OF_SERVICE");
		JavaApplications.setStatus(providers.get(1), "OUT_OF_SERVICE");
		JavaApplications.awaitAddresses(AT_ONCE, consumer, "orders", addresses.get(2));
	}

	@Test
	void serviceThatDeletesItsKeysWhileItsLeaseLivesIsNotHeld() {
		List<Peer> peers = new ArrayList<>();
		List<String> addresses = new ArrayList<>();
		for (int i = 0; i < 3; i++) {
			addresses.add(address());
			peers.add(register(addresses.get(i), ""));
		}
		serve(addresses);
		ConfigurableApplicationContext consumer = consumer();
		JavaApplications.awaitAddresses(consumer, "orders", addresses.toArray(String[]::new));
		peers.get(0).tell("delete");
		peers.get(1).tell("delete");
		JavaApplications.awaitAddresses(AT_ONCE, consumer, "orders", addresses.get(2));
	}

	@Test
	void findsMetadataAndNoticesRevokedLeaseAndKilledProcess() {
		String killed = address();
		String revoked = address();
		String stays = address();
		Peer first = register(killed, "{\"zone\":\"a\",\"secure\":\"true\"}");
		Peer second = register(revoked, "");
		register(stays, "");
		ConfigurableApplicationContext consumer = consumer();
		JavaApplications.awaitAddresses(consumer, "orders", killed, revoked, stays);
		assertThat(JavaApplications.instances(consumer, "orders"))
			.filteredOn((instance) -> instance.getMetadata().containsKey("zone"))
			.singleElement()
			.satisfies((instance) -> {
				assertThat(instance.getScheme()).isEqualTo("https");
				assertThat(instance.getMetadata()).containsEntry("zone", "a");
			});
		second.tell("revoke");
		JavaApplications.awaitAddresses(AT_ONCE, consumer, "orders", killed, stays);
		first.kill();
		JavaApplications.awaitAddresses(consumer, "orders", stays);
	}

	@Test
	void writesByteForByteWhatGoWrites() {
		StringBuilder text = new StringBuilder();
		for (char c = 0; c < 0x80; c++) {
			text.append(c);
		}
		text.append("\u0080\u009f\u2027\u2028\u2029\u202a\ufeff\ufffd\uffff🛒größe");
		Map<String, String> metadata = new TreeMap<>(
				Map.of("t", text.toString(), "\uffee", "1", "🛒", "2", "z", "3", "<", "4"));
		register("10.0.0.7:9000", JsonMapper.shared().writeValueAsString(metadata));
		EtcdServiceInstance instance = new EtcdServiceInstance("orders", "a", "10.0.0.7", 9000, false,
				InstanceStatus.UP, metadata);
		assertThat(etcd.admin().values(TARGET + "/").values()).containsExactly(new GoNamingCodec().encode(instance));
	}

	private static String address() {
		return "127.0.0.1:" + FreePorts.next();
	}

	/**
	 * So that those who are gone from etcd do not refuse connections.
	 */
	private void serve(List<String> addresses) {
		List<String> arguments = new ArrayList<>(List.of("serve"));
		arguments.addAll(addresses);
		this.go.run(arguments.toArray(String[]::new));
	}

	private Peer register(String address, String metadata) {
		return this.go.run("naming-register", etcd.clientUrl(), TARGET, TARGET + "/" + address, address, metadata);
	}

	private ConfigurableApplicationContext consumer() {
		return this.java.run(etcd.clientUrl(), "register=false", "additional-prefixes=services-grpc");
	}

	private static void awaitCalls(Peer caller, String... addresses) {
		Awaitility.await()
			.atMost(BOUND)
			.untilAsserted(() -> assertThat(JsonMapper.shared().readTree(caller.tell("call")).propertyNames())
				.containsExactlyInAnyOrder(addresses));
	}

}
