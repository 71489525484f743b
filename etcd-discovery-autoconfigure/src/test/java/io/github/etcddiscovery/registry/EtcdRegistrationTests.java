package io.github.etcddiscovery.registry;

import java.util.Map;

import io.github.etcddiscovery.instance.EtcdServiceInstance;
import io.github.etcddiscovery.instance.InstanceStatus;
import org.junit.jupiter.api.Test;

import static org.assertj.core.api.Assertions.assertThat;

/**
 * Tests for {@link EtcdRegistration}.
 */
class EtcdRegistrationTests {

	private final EtcdServiceInstance instance = new EtcdServiceInstance("app", "1", "host", 9000, false,
			InstanceStatus.UP, Map.of());

	@Test
	void keepsTheInstanceThatItIsGiven() {
		EtcdRegistration registration = new EtcdRegistration(this.instance);
		assertThat(registration.current(servers(8080))).isEqualTo(this.instance);
	}

	@Test
	void takesTheWebServersPortEachTimeWhenItIsGivenNone() {
		EtcdRegistration registration = new EtcdRegistration(this.instance.withPort(0));
		assertThat(registration.current(LocalServers.NONE).getPort()).isZero();
		registration.follow(registration.current(servers(8080)));
		assertThat(registration.getPort()).isEqualTo(8080);
		registration.follow(registration.current(servers(8081)));
		assertThat(registration.getPort()).isEqualTo(8081);
	}

	@Test
	void keepsWhatCodeHasChangedWhenSomethingElseChanges() {
		EtcdRegistration registration = new EtcdRegistration(
				with(Map.of("team", "blue", "tier", "silver", "gone", "x", "dropped", "x")));
		registration.setInstance(with(Map.of("team", "red", "tier", "silver", "extra", "1", "gone", "x"))
			.withStatus(InstanceStatus.DOWN));
		registration.follow(with(Map.of("team", "blue", "tier", "gold", "dropped", "x", "new", "y")).withPort(9001));
		assertThat(registration.getInstance())
			.isEqualTo(with(Map.of("team", "red", "tier", "gold", "extra", "1", "new", "y")).withPort(9001)
				.withStatus(InstanceStatus.DOWN));
	}

	@Test
	void takesOverWhatItIsMadeOf() {
		EtcdRegistration registration = new EtcdRegistration(this.instance);
		registration.follow(with(Map.of("team", "blue")).withStatus(InstanceStatus.STARTING));
		assertThat(registration.getInstance())
			.isEqualTo(with(Map.of("team", "blue")).withStatus(InstanceStatus.STARTING));
	}

	private EtcdServiceInstance with(Map<String, String> metadata) {
		return this.instance.withMetadata(metadata);
	}

	private static LocalServers servers(int webPort) {
		return LocalServers.NONE.withWeb(new LocalServer(webPort, false, null));
	}

}
