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
		assertThat(registration.renewed(8080)).isEqualTo(this.instance);
		registration.setInstance(this.instance.withStatus(InstanceStatus.DOWN));
		assertThat(registration.renewed(8080)).as("what was changed since")
			.isEqualTo(this.instance.withStatus(InstanceStatus.DOWN));
	}

	@Test
	void takesTheWebServersPortEachTimeWhenItIsGivenNone() {
		EtcdRegistration registration = new EtcdRegistration(this.instance.withPort(0));
		assertThat(registration.renewed(0).getPort()).isZero();
		registration.setInstance(registration.renewed(8080));
		assertThat(registration.getPort()).isEqualTo(8080);
		assertThat(registration.renewed(8081)).isEqualTo(this.instance.withPort(8081));
	}

	@Test
	void isMadeAnewFromWhatMakesIt() {
		EtcdRegistration registration = new EtcdRegistration(this.instance::withPort);
		assertThat(registration.getPort()).isZero();
		registration.setInstance(this.instance.withMetadata(Map.of("weight", "1")));
		assertThat(registration.renewed(8080)).isEqualTo(this.instance.withPort(8080));
	}

}
