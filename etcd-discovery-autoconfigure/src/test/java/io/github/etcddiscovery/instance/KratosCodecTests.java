package io.github.etcddiscovery.instance;

import java.util.List;
import java.util.Map;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

import static org.assertj.core.api.Assertions.assertThat;

/**
 * Tests for {@link KratosCodec}. What is expected is what Go's {@code json.Marshal} makes
 * of the struct {@code ServiceInstance} in {@code registry/registry.go} of
 * {@code go-kratos/kratos}.
 */
class KratosCodecTests {

	private final KratosCodec codec = new KratosCodec();

	@Test
	void writesWhatKratosWrites() {
		assertThat(this.codec.encode(instance(false, Map.of())))
			.isEqualTo("{\"id\":\"a-8000\",\"name\":\"orders\",\"version\":\"\",\"metadata\":{},"
					+ "\"endpoints\":[\"http://10.0.0.7:8000\"]}");
		assertThat(this.codec.encode(instance(true,
				Map.of("zone", "a&b", "version", "v1", "gRPC_port", "9000", "gRPC_secure", "true", "a", "1"))))
			.isEqualTo("{\"id\":\"a-8000\",\"name\":\"orders\",\"version\":\"v1\","
					+ "\"metadata\":{\"a\":\"1\",\"zone\":\"a\\u0026b\"},"
					+ "\"endpoints\":[\"https://10.0.0.7:8000\",\"grpcs://10.0.0.7:9000\"]}");
	}

	@Test
	void readsWhatItWrote() {
		EtcdServiceInstance instance = instance(true,
				Map.of("zone", "a", "version", "v1", "grpc", "10.0.0.7:9000", "gRPC_secure", "true"));
		String value = String.valueOf(this.codec.encode(instance));
		InstanceKey key = this.codec.key("/microservices", instance);
		assertThat(key).hasToString("/microservices/orders/a-8000");
		assertThat(this.codec.recognizes(value)).isTrue();
		assertThat(this.codec.decode(key, value)).isEqualTo(List.of(instance));
		assertThat(new JsonCodec().decode(key, value)).isEqualTo(List.of(instance));
	}

	@ParameterizedTest
	@EnumSource(value = InstanceStatus.class, mode = EnumSource.Mode.EXCLUDE, names = "UP")
	void whatIsNotToBeCalledIsNotWritten(InstanceStatus status) {
		EtcdServiceInstance instance = instance(false, Map.of()).withStatus(status);
		assertThat(this.codec.encode(instance)).isNull();
		assertThat(new GoZeroCodec().encode(instance)).isNull();
	}

	@Test
	void writesWhatGoZeroWrites() {
		GoZeroCodec codec = new GoZeroCodec();
		EtcdServiceInstance instance = instance(false, Map.of("zone", "a"));
		assertThat(codec.encode(instance)).isEqualTo("10.0.0.7:8000");
		assertThat(codec.encode(instance(false, Map.of("gRPC_port", "9000")))).isEqualTo("10.0.0.7:9000");
		assertThat(codec.key("services", instance)).hasToString("services/orders/a-8000");
		assertThat(codec.decode(codec.key("services", instance), "[::1]:8000")).extracting(EtcdServiceInstance::getHost)
			.containsExactly("::1");
	}

	private static EtcdServiceInstance instance(boolean secure, Map<String, String> metadata) {
		return new EtcdServiceInstance("orders", "a-8000", "10.0.0.7", 8000, secure, InstanceStatus.UP, metadata);
	}

}
