package io.github.etcddiscovery.instance;

import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.Map;
import java.util.Objects;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.EnumSource;

import static org.assertj.core.api.Assertions.assertThat;

/**
 * Tests for {@link GoNamingCodec}. What is expected is what Go's {@code json.Marshal}
 * makes of the struct {@code Update} in
 * {@code client/v3/naming/endpoints/internal/update.go} of {@code etcd-io/etcd}: fields
 * in their order, the keys of a map sorted, markup escaped.
 */
class GoNamingCodecTests {

	private final GoNamingCodec codec = new GoNamingCodec();

	@Test
	void writesWhatGoWrites() {
		assertThat(this.codec.encode(instance("10.0.0.7", false, Map.of())))
			.isEqualTo("{\"Op\":0,\"Addr\":\"10.0.0.7:9000\",\"Metadata\":null}");
		assertThat(this.codec.encode(instance("::1", false, Map.of("zone", "a", "note", "<a&b> \"q\"", "a", "1"))))
			.isEqualTo("{\"Op\":0,\"Addr\":\"[::1]:9000\",\"Metadata\":"
					+ "{\"a\":\"1\",\"note\":\"\\u003ca\\u0026b\\u003e \\\"q\\\"\",\"zone\":\"a\"}}");
	}

	/**
	 * {@code go-naming.json} was written by Go 1.26; older ones than 1.22 write backspace
	 * and form feed as numbers.
	 */
	@Test
	void writesEveryCharacterAsGoDoes() throws IOException {
		String written;
		try (InputStream recorded = getClass().getResourceAsStream("go-naming.json")) {
			written = new String(Objects.requireNonNull(recorded).readAllBytes(), StandardCharsets.UTF_8);
		}
		StringBuilder text = new StringBuilder();
		for (char c = 0; c < 0x80; c++) {
			text.append(c);
		}
		text.append("\u0080\u009f\u2027\u2028\u2029\u202a\ufeff\ufffd\uffff🛒größe");
		assertThat(this.codec.encode(instance("10.0.0.7", false,
				Map.of("t", text.toString(), "\uffee", "1", "🛒", "2", "z", "3", "<", "4", "A", "5"))))
			.isEqualTo(written);
		assertThat(this.codec.encode(instance("10.0.0.7", false, Map.of("half", "a\ud83db"))))
			.contains("\"half\":\"a\\ufffdb\"");
	}

	@ParameterizedTest
	@CsvSource({ "10.0.0.7, false", "api.example, true", "::1, true" })
	void readsWhatItWrote(String host, boolean secure) {
		EtcdServiceInstance instance = instance(host, secure, Map.of("zone", "a<b", "weight", "3"));
		String value = String.valueOf(this.codec.encode(instance));
		InstanceKey key = this.codec.key("services", instance);
		assertThat(key).hasToString("services/orders/a-9000");
		assertThat(this.codec.recognizes(value)).isTrue();
		assertThat(this.codec.decode(key, value)).isEqualTo(List.of(instance));
		assertThat(new JsonCodec().decode(key, value)).isEqualTo(List.of(instance));
	}

	/**
	 * The port of HTTP is of no use to Go, and whoever calls by HTTP is not to be sent to
	 * that of gRPC.
	 */
	@Test
	void writesThePortOfGrpc() {
		EtcdServiceInstance instance = instance("10.0.0.7", true, Map.of("gRPC_port", "9090"));
		String value = String.valueOf(this.codec.encode(instance));
		assertThat(value).isEqualTo("{\"Op\":0,\"Addr\":\"10.0.0.7:9090\","
				+ "\"Metadata\":{\"gRPC_port\":\"9090\",\"grpcOnly\":\"true\"}}");
		EtcdServiceInstance read = this.codec.decode(this.codec.key("services", instance), value).get(0);
		assertThat(read.getUri()).hasToString("grpc://10.0.0.7:9090");
		assertThat(GrpcEndpoint.of(read)).isEqualTo(GrpcEndpoint.of(instance));
	}

	@ParameterizedTest
	@EnumSource(value = InstanceStatus.class, mode = EnumSource.Mode.EXCLUDE, names = "UP")
	void whatIsNotToBeCalledIsNotWritten(InstanceStatus status) {
		assertThat(this.codec.encode(instance("a", false, Map.of()).withStatus(status))).isNull();
	}

	private static EtcdServiceInstance instance(String host, boolean secure, Map<String, String> metadata) {
		return new EtcdServiceInstance("orders", "a-9000", host, 9000, secure, InstanceStatus.UP, metadata);
	}

}
