package io.github.etcddiscovery.instance;

import java.util.HashMap;
import java.util.List;
import java.util.Map;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;

/**
 * Tests for {@link GrpcEndpoint}.
 */
class GrpcEndpointTests {

	@Test
	void isTheRegisteredPortUnlessSomethingElseIsSaid() {
		assertThat(endpoint(false, Map.of())).isEqualTo(new GrpcEndpoint("10.0.0.7", 8080, false));
		assertThat(endpoint(true, Map.of())).isEqualTo(new GrpcEndpoint("10.0.0.7", 8080, true));
	}

	@Test
	void isThePortOfTheMetadata() {
		assertThat(endpoint(true, Map.of("gRPC_port", " 9090"))).isEqualTo(new GrpcEndpoint("10.0.0.7", 9090, false));
		assertThat(endpoint(false, Map.of("gRPC_port", "9090", "gRPC_secure", "true", "grpc", "10.0.0.8:9")))
			.isEqualTo(new GrpcEndpoint("10.0.0.7", 9090, true));
	}

	@Test
	void isWhereKratosSays() {
		EtcdServiceInstance kratos = new JsonCodec()
			.decode(InstanceKey.parse("services", "services/orders/1"),
					"{\"id\":\"1\",\"name\":\"orders\",\"version\":\"\",\"metadata\":null,"
							+ "\"endpoints\":[\"http://10.0.0.7:8000\",\"grpcs://[::1]:9000\"]}")
			.get(0);
		assertThat(kratos.getUri()).hasToString("http://10.0.0.7:8000");
		assertThat(GrpcEndpoint.of(kratos)).isEqualTo(new GrpcEndpoint("::1", 9000, true));
	}

	@Test
	void isElsewhereIfTheInstanceSaysSo() {
		Map<String, String> metadata = new HashMap<>(Map.of("gRPC_port", "9090", "gRPC_secure", "true"));
		GrpcEndpoint.describeElsewhere(metadata, "::1", 9090);
		assertThat(endpoint(false, metadata)).isEqualTo(new GrpcEndpoint("::1", 9090, true));
	}

	@ParameterizedTest
	@ValueSource(strings = { "true", "", "10.0.0.8", "10.0.0.8:0", "a b:1" })
	void metadataThatSomebodyCallsLikeKratosMeansNothing(String value) {
		assertThat(endpoint(false, Map.of("grpc", value)).port()).isEqualTo(8080);
	}

	@ParameterizedTest
	@ValueSource(strings = { "", "0", "-1", "65536", "abc", "9090.5", "99999999999" })
	void refusesAPortThatIsNone(String port) {
		assertThatExceptionOfType(InvalidInstanceException.class)
			.isThrownBy(() -> endpoint(false, Map.of("gRPC_port", port)))
			.withMessage("the metadata 'gRPC_port' is '%s' and not a port", port);
	}

	@Test
	void isWithinTheAllowedNetworks() {
		InstanceReader reader = new InstanceReader(InstancePlaces.below("services"), List.of(new JsonCodec()),
				new InstanceLimits(AllowedNetworks.of(List.of("10.0.0.0/8")), 10));
		InstanceKey key = reader.key("services/orders/1");
		String value = "{\"host\":\"10.0.0.7\",\"port\":1,\"metadata\":{\"grpc\":\"%s:9000\"}}";
		assertThat(reader.read(key, value.formatted("10.0.0.8"))).hasSize(1);
		assertThatExceptionOfType(InvalidInstanceException.class)
			.isThrownBy(() -> reader.read(key, value.formatted("169.254.169.254")));
	}

	private static GrpcEndpoint endpoint(boolean secure, Map<String, String> metadata) {
		return GrpcEndpoint
			.of(new EtcdServiceInstance("orders", "a", "10.0.0.7", 8080, secure, InstanceStatus.UP, metadata));
	}

}
