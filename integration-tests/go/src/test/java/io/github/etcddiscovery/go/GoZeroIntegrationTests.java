package io.github.etcddiscovery.go;

import java.net.URI;
import java.time.Duration;
import java.util.stream.Collectors;
import java.util.stream.Stream;

import io.github.etcddiscovery.testing.EtcdExtension;
import org.awaitility.Awaitility;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.extension.RegisterExtension;

import org.springframework.context.ConfigurableApplicationContext;

import static org.assertj.core.api.Assertions.assertThat;

/**
 * Beside services of go-zero.
 */
@Timeout(180)
class GoZeroIntegrationTests {

	private static final Duration BOUND = Duration.ofSeconds(30);

	private static final String FIRST = "127.0.0.1:8081";

	private static final String SECOND = "127.0.0.1:8082";

	@RegisterExtension
	static final EtcdExtension etcd = EtcdExtension.single();

	@RegisterExtension
	final Go go = new Go();

	@RegisterExtension
	final JavaApplications java = new JavaApplications();

	@Test
	void processThatWasKilledAndIsBackCountsOnce() {
		Peer killed = publish("user.rpc", FIRST);
		publish("user.rpc", SECOND);
		ConfigurableApplicationContext consumer = this.java.run(etcd.clientUrl(), "register=false",
				"services.users.key=user.rpc");
		JavaApplications.awaitAddresses(consumer, "users", FIRST, SECOND);
		killed.kill();
		Peer back = publish("user.rpc", FIRST);
		assertThat(etcd.admin().keys("user.rpc/")).hasSize(3);
		Awaitility.await()
			.during(Duration.ofMillis(500))
			.atMost(BOUND)
			.untilAsserted(() -> JavaApplications.awaitAddresses(consumer, "users", FIRST, SECOND));
		Awaitility.await().atMost(BOUND).until(() -> etcd.admin().keys("user.rpc/").size() == 2);
		JavaApplications.awaitAddresses(consumer, "users", FIRST, SECOND);
		back.tell("stop");
		JavaApplications.awaitAddresses(consumer, "users", SECOND);
	}

	@Test
	void findsJavaUntilItIsOutOfService() {
		ConfigurableApplicationContext provider = this.java.run(etcd.clientUrl(), "format=json,go-zero",
				"formats.go-zero.without-prefix=true", "port=8081", "drain=0s");
		publish("orders", SECOND);
		Peer subscriber = this.go.run("gozero-subscribe", endpoint(), "orders");
		awaitSeen(subscriber, FIRST, SECOND);
		JavaApplications.setStatus(provider, "OUT_OF_SERVICE");
		awaitSeen(subscriber, SECOND);
		JavaApplications.setStatus(provider, "UP");
		awaitSeen(subscriber, FIRST, SECOND);
		provider.close();
		awaitSeen(subscriber, SECOND);
	}

	/**
	 * As go-zero's configuration has it.
	 */
	private static String endpoint() {
		return URI.create(etcd.clientUrl()).getAuthority();
	}

	private Peer publish(String key, String address) {
		return this.go.run("gozero-publish", endpoint(), key, address);
	}

	private static void awaitSeen(Peer subscriber, String... addresses) {
		String expected = Stream.of(addresses).collect(Collectors.joining(","));
		Awaitility.await().atMost(BOUND).untilAsserted(() -> assertThat(subscriber.lastLine()).isEqualTo(expected));
	}

}
