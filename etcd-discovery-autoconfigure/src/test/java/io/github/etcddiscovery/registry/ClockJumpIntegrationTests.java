package io.github.etcddiscovery.registry;

import java.io.IOException;
import java.time.Duration;
import java.util.List;

import io.github.etcddiscovery.registry.RegistrationChange.Type;
import io.github.etcddiscovery.testing.EtcdExtension;
import org.awaitility.Awaitility;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.condition.EnabledIfSystemProperty;
import org.junit.jupiter.api.extension.RegisterExtension;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

import static org.assertj.core.api.Assertions.assertThat;

/**
 * Sets the wall clock of the whole machine, of etcd as well as of the application, and
 * back again. Neither may notice: both go by monotonic clocks.
 */
@EnabledIfSystemProperty(named = "clock.jump", matches = "true",
		disabledReason = "It sets the clock of the machine: run it as root with -Dclock.jump=true where that hurts nobody")
class ClockJumpIntegrationTests {

	private static final Duration TTL = Duration.ofSeconds(6);

	@RegisterExtension
	static final EtcdExtension etcd = EtcdExtension.single();

	private long startedAt;

	private long startedAtMillis;

	@BeforeEach
	void readClocks() {
		this.startedAt = System.nanoTime();
		this.startedAtMillis = System.currentTimeMillis();
	}

	@AfterEach
	void setClockBack() throws Exception {
		setClock(Duration.ZERO);
	}

	// 20, 39
	@ParameterizedTest
	@ValueSource(longs = { 60, -60 })
	void noLeaseIsLostWhenTheClockJumps(long minutes) throws Exception {
		try (Node node = new Node(TTL, etcd.clientUrl())) {
			node.registry().register(Node.registration("myapp", "one", 8080));
			Awaitility.await().until(() -> etcd.admin().get("services/myapp/one") != null);
			long lease = etcd.admin().leaseOf("services/myapp/one");
			setClock(Duration.ofMinutes(minutes));
			Duration lasting = TTL.multipliedBy(2);
			long jumpedAt = System.nanoTime();
			Awaitility.await()
				.atMost(lasting.multipliedBy(2))
				.until(() -> System.nanoTime() - jumpedAt > lasting.toNanos());
			assertThat(etcd.admin().leaseOf("services/myapp/one")).isEqualTo(lease);
			assertThat(node.changeTypes()).isEqualTo(List.of(Type.REGISTERED));
		}
	}

	private void setClock(Duration offset) throws IOException, InterruptedException {
		long elapsed = (System.nanoTime() - this.startedAt) / 1_000_000;
		String time = "@%.3f".formatted((this.startedAtMillis + elapsed + offset.toMillis()) / 1000.0);
		Process date = new ProcessBuilder("date", "-s", time).inheritIO().start();
		assertThat(date.waitFor()).as("date -s").isZero();
	}

}
