package io.github.etcddiscovery.instance;

import java.net.URI;
import java.util.LinkedHashMap;
import java.util.Map;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

import org.springframework.cloud.client.DefaultServiceInstance;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;

/**
 * Tests for {@link EtcdServiceInstance}.
 */
class EtcdServiceInstanceTests {

	private final EtcdServiceInstance instance = new EtcdServiceInstance("orders", "a-8080", "10.1.2.3", 8080, false,
			InstanceStatus.UP, Map.of("zone", "a"));

	@Test
	void tellsWhatItWasMadeOf() {
		assertThat(this.instance.getServiceId()).isEqualTo("orders");
		assertThat(this.instance.getInstanceId()).isEqualTo("a-8080");
		assertThat(this.instance.getHost()).isEqualTo("10.1.2.3");
		assertThat(this.instance.getPort()).isEqualTo(8080);
		assertThat(this.instance.isSecure()).isFalse();
		assertThat(this.instance.getStatus()).isEqualTo(InstanceStatus.UP);
		assertThat(this.instance.getMetadata()).containsExactly(Map.entry("zone", "a"));
		assertThat(this.instance).hasToString("orders/a-8080 http://10.1.2.3:8080 UP");
	}

	@ParameterizedTest
	@CsvSource({ "10.1.2.3, false, http, http://10.1.2.3:8080", "host.example, true, https, https://host.example:8080",
			"my_host, false, http, http://my_host:8080", "::1, false, http, http://[::1]:8080",
			"2001:db8::a, true, https, https://[2001:db8::a]:8080",
			"::ffff:10.1.2.3, false, http, http://[::ffff:10.1.2.3]:8080" })
	void uriFollowsSchemeAndHost(String host, boolean secure, String scheme, String uri) {
		EtcdServiceInstance instance = new EtcdServiceInstance("orders", "a", host, 8080, secure, InstanceStatus.UP,
				Map.of());
		assertThat(instance.getUri()).isEqualTo(URI.create(uri));
		assertThat(instance.getScheme()).isEqualTo(scheme);
		assertThat(instance.getHost()).isEqualTo(host);
	}

	@Test
	void settersRefuse() {
		assertRefused(() -> this.instance.setInstanceId("b"));
		assertRefused(() -> this.instance.setServiceId("b"));
		assertRefused(() -> this.instance.setHost("b"));
		assertRefused(() -> this.instance.setPort(1));
		assertRefused(() -> this.instance.setSecure(true));
		assertRefused(() -> this.instance.setUri(URI.create("http://b:1")));
		assertRefused(() -> this.instance.getMetadata().put("zone", "b"));
		assertRefused(() -> this.instance.getMetadata().clear());
	}

	private static void assertRefused(Runnable change) {
		assertThatExceptionOfType(UnsupportedOperationException.class).isThrownBy(change::run);
	}

	@Test
	void keepsItsOwnCopyOfTheMetadataInOrder() {
		Map<String, String> metadata = new LinkedHashMap<>();
		metadata.put("z", "1");
		metadata.put("a", "2");
		EtcdServiceInstance instance = this.instance.withMetadata(metadata);
		metadata.put("m", "3");
		assertThat(instance.getMetadata()).containsExactly(Map.entry("z", "1"), Map.entry("a", "2"));
	}

	@Test
	void copyDiffersInWhatWasAskedForOnly() {
		EtcdServiceInstance down = this.instance.withStatus(InstanceStatus.DOWN);
		assertThat(down).isNotEqualTo(this.instance);
		assertThat(down.getStatus()).isEqualTo(InstanceStatus.DOWN);
		assertThat(down.withStatus(InstanceStatus.UP)).isEqualTo(this.instance);
		EtcdServiceInstance moved = down.withMetadata(Map.of("zone", "b"));
		assertThat(moved.getStatus()).isEqualTo(InstanceStatus.DOWN);
		assertThat(moved.withMetadata(Map.of("zone", "a")).withStatus(InstanceStatus.UP)).isEqualTo(this.instance);
	}

	@Test
	void equalInstancesAreEqual() {
		EtcdServiceInstance same = new EtcdServiceInstance("orders", "a-8080", "10.1.2.3", 8080, false,
				InstanceStatus.UP, Map.of("zone", "a"));
		assertThat(same).isEqualTo(this.instance).hasSameHashCodeAs(this.instance);
	}

	@Test
	void anythingThatDiffersMakesThemDiffer() {
		Map<String, String> metadata = this.instance.getMetadata();
		InstanceStatus up = InstanceStatus.UP;
		assertThat(this.instance)
			.isNotEqualTo(new EtcdServiceInstance("x", "a-8080", "10.1.2.3", 8080, false, up, metadata))
			.isNotEqualTo(new EtcdServiceInstance("orders", "x", "10.1.2.3", 8080, false, up, metadata))
			.isNotEqualTo(new EtcdServiceInstance("orders", "a-8080", "x", 8080, false, up, metadata))
			.isNotEqualTo(new EtcdServiceInstance("orders", "a-8080", "10.1.2.3", 1, false, up, metadata))
			.isNotEqualTo(new EtcdServiceInstance("orders", "a-8080", "10.1.2.3", 8080, true, up, metadata))
			.isNotEqualTo(this.instance.withStatus(InstanceStatus.DOWN))
			.isNotEqualTo(this.instance.withMetadata(Map.of()))
			.isNotEqualTo(null)
			.isNotEqualTo("orders");
	}

	@Test
	void isNotEqualToAnInstanceOfAnotherKind() {
		DefaultServiceInstance other = new DefaultServiceInstance("a-8080", "orders", "10.1.2.3", 8080, false,
				this.instance.getMetadata());
		assertThat(this.instance.equals(other)).isFalse();
		assertThat(other.equals(this.instance)).isFalse();
	}

}
