package io.github.etcddiscovery.instance;

import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.stream.Collectors;
import java.util.stream.IntStream;

import org.assertj.core.api.ThrowableAssertAlternative;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.ValueSource;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;

/**
 * Tests for {@link JsonCodec}.
 */
class JsonCodecTests {

	private final JsonCodec codec = new JsonCodec();

	private final InstanceKey key = InstanceKey.parse("services", "services/orders/a-8080");

	@Test
	void readsAllFields() {
		EtcdServiceInstance instance = decode("""
				{"service":"orders","id":"a-8080","host":"10.1.2.3","port":8443,"scheme":"https",
				 "status":"OUT_OF_SERVICE","metadata":{"zone":"a","weight":"3"}}""");
		assertThat(instance).isEqualTo(new EtcdServiceInstance("orders", "a-8080", "10.1.2.3", 8443, true,
				InstanceStatus.OUT_OF_SERVICE, Map.of("zone", "a", "weight", "3")));
	}

	@Test
	void hostAndPortAreEnough() {
		assertThat(decode("{\"host\":\"10.1.2.3\",\"port\":8080}")).isEqualTo(
				new EtcdServiceInstance("orders", "a-8080", "10.1.2.3", 8080, false, InstanceStatus.UP, Map.of()));
	}

	@Test
	void nullCountsAsLeftOut() {
		assertThat(
				decode("""
						{"service":null,"id":null,"host":"10.1.2.3","port":8080,"scheme":null,"status":null,"metadata":null}"""))
			.isEqualTo(decode("{\"host\":\"10.1.2.3\",\"port\":8080}"));
	}

	@Test
	void fieldsOfLaterVersionsArePassedOver() {
		assertThat(with("\"version\":2,\"weights\":[1,{\"a\":[]}],\"Host\":\"x\",\"\":0").getHost())
			.isEqualTo("10.1.2.3");
	}

	@Test
	void bareNameIsReadToo() {
		InstanceKey bare = InstanceKey.parse("services", "services/orders");
		assertThat(this.codec.decode(bare, "{\"host\":\"a\",\"port\":1,\"id\":\"orders\"}").get(0).getInstanceId())
			.isEqualTo("orders");
	}

	@ParameterizedTest
	@CsvSource({ "service, payments", "service, order", "service, orders2", "service, Orders", "service, ''",
			"id, b-8080", "id, a-80800", "id, ''" })
	void refusesValueThatContradictsItsKey(String field, String value) {
		assertRefused(json("\"%s\":\"%s\"".formatted(field, value)))
			.withMessageStartingWith("the field '%s' says '%s', the key says".formatted(field, value));
	}

	@ParameterizedTest
	@ValueSource(strings = { "service", "id", "host", "scheme", "status" })
	void refusesFieldThatIsNoString(String field) {
		for (String value : List.of("1", "true", "[]", "{}", "[\"a\"]")) {
			assertRefused("{\"%s\":%s,%s".formatted(field, value,
					field.equals("host") ? "\"port\":1}" : "\"host\":\"a\",\"port\":1}"))
				.withMessage("the field '%s' is not a string".formatted(field));
		}
	}

	@ParameterizedTest
	@ValueSource(strings = { "{}", "{\"port\":1}", "{\"host\":null,\"port\":1}" })
	void refusesMissingHost(String value) {
		assertRefused(value).withMessage("the field 'host' is missing");
	}

	@ParameterizedTest
	@ValueSource(strings = { "", " ", "-", "-a", "a-", "user@host", "user:secret@host", "http://host",
			"http://host:80/x", "host:80", "host/path", "host?x", "host#x", "host name", "größe", "a,b", "a%00b",
			"a\\\\b", "a\\r\\nSet-Cookie: x", "a\\nb", "a\\u0000b", "a\\u2028b", "[::1]", "::1%eth0", "fe80::1%25eth0",
			"1:2", "::g", "\\ud800" })
	void refusesWhatIsNoHost(String host) {
		String value = "{\"host\":\"%s\",\"port\":1}".formatted(host);
		assertThat(failure(value).getMessage()).matches("'.*' is not a host name or address|the value is not JSON: .*")
			.doesNotContain("\r", "\n", "\u0000", "\u2028");
	}

	@ParameterizedTest
	@ValueSource(strings = { "localhost", "a", "host.example.", "my_host", "xn--gre-6ka8i", "10.1.2.3", "::", "::1",
			"2001:db8::a", "2001:0DB8:0000:0000:0000:0000:0000:000A", "1:2:3:4:5:6:7:8", "::ffff:10.1.2.3",
			"64:ff9b::192.0.2.33" })
	void readsHostNamesAndAddresses(String host) {
		assertThat(decode("{\"host\":\"%s\",\"port\":1}".formatted(host)).getHost()).isEqualTo(host);
	}

	@ParameterizedTest
	@ValueSource(strings = { "0", "-1", "65536", "70000", "2147483647", "-2147483648" })
	void refusesPortOutOfRange(String port) {
		assertRefused("{\"host\":\"a\",\"port\":%s}".formatted(port))
			.withMessage("port %s is not between 1 and 65535".formatted(port));
	}

	@ParameterizedTest
	@ValueSource(strings = { "\"8080\"", "8080.0", "8080.5", "8e3", "2147483648", "99999999999", "12345678901234567890",
			"true", "null", "[]", "[8080]", "{}", "\"\"" })
	void refusesPortThatIsNoPort(String port) {
		assertRefused("{\"host\":\"a\",\"port\":%s}".formatted(port))
			.withMessage("the field 'port' is missing or not a port number");
	}

	@Test
	void refusesMissingPort() {
		assertRefused("{\"host\":\"a\"}").withMessage("the field 'port' is missing or not a port number");
	}

	@ParameterizedTest
	@ValueSource(ints = { 1, 80, 65535 })
	void readsPort(int port) {
		assertThat(decode("{\"host\":\"a\",\"port\":%d}".formatted(port)).getPort()).isEqualTo(port);
	}

	@ParameterizedTest
	@ValueSource(strings = { "ftp", "", "HTTP", "http ", "javascript", "a\\nb" })
	void refusesOtherSchemes(String scheme) {
		assertRefused(json("\"scheme\":\"" + scheme + "\"")).withMessageStartingWith("the scheme '")
			.withMessageEndingWith("' is none of http, https, grpc and grpcs")
			.withMessageNotContaining("\n");
	}

	@ParameterizedTest
	@EnumSource
	void readsEachStatus(InstanceStatus status) {
		assertThat(with("\"status\":\"%s\"".formatted(status)).getStatus()).isEqualTo(status);
	}

	@ParameterizedTest
	@ValueSource(strings = { "", "DRAINING", "UP;DROP", "\\n" })
	void statusOfALaterVersionIsUnknown(String status) {
		assertThat(with("\"status\":\"%s\"".formatted(status)).getStatus()).isEqualTo(InstanceStatus.UNKNOWN);
	}

	@Test
	void metadataThatIsPlainIsReadAsText() {
		EtcdServiceInstance instance = with(
				"\"metadata\":{\"weight\":3,\"load\":0.5,\"canary\":true,\"none\":null,\"\":\"\"}");
		assertThat(instance.getMetadata()).containsExactly(Map.entry("weight", "3"), Map.entry("load", "0.5"),
				Map.entry("canary", "true"), Map.entry("none", ""), Map.entry("", ""));
	}

	@Test
	void metadataKeepsItsOrderAndCharacters() {
		EtcdServiceInstance instance = with("\"metadata\":{\"z\":\"a\\r\\nb\",\"größe\":\"サ🛒\",\"a\":\"\"}");
		assertThat(instance.getMetadata()).containsExactly(Map.entry("z", "a\r\nb"), Map.entry("größe", "サ🛒"),
				Map.entry("a", ""));
	}

	@ParameterizedTest
	@ValueSource(strings = { "[]", "\"zone=a\"", "1", "true", "[{\"zone\":\"a\"}]" })
	void refusesMetadataThatIsNoObject(String metadata) {
		assertRefused(json("\"metadata\":" + metadata))
			.withMessage("the field 'metadata' is not an object of at most 100 strings");
	}

	@ParameterizedTest
	@ValueSource(strings = { "{}", "[]", "{\"a\":{}}", "[1]" })
	void refusesNestedMetadata(String nested) {
		assertRefused(json("\"metadata\":{\"zone\":\"a\",\"b\\n\":" + nested + "}"))
			.withMessage("the metadata 'b\\u{a}' is not a string");
	}

	@Test
	void refusesMoreThanAHundredMetadata() {
		assertThat(with("\"metadata\":" + metadata(100)).getMetadata()).hasSize(100);
		assertRefused(json("\"metadata\":" + metadata(101)))
			.withMessage("the field 'metadata' is not an object of at most 100 strings");
	}

	private static String metadata(int size) {
		return IntStream.range(0, size)
			.mapToObj((i) -> "\"k%d\":\"v\"".formatted(i))
			.collect(Collectors.joining(",", "{", "}"));
	}

	@Test
	void lastOfDuplicateFieldsCounts() {
		EtcdServiceInstance instance = decode("""
				{"host":"a","host":"b","port":1,"port":2,"metadata":{"zone":"a","zone":"b"}}""");
		assertThat(instance.getHost()).isEqualTo("b");
		assertThat(instance.getPort()).isEqualTo(2);
		assertThat(instance.getMetadata()).containsExactly(Map.entry("zone", "b"));
	}

	@Test
	void duplicateFieldsAreNoWayAroundTheChecks() {
		assertRefused("{\"host\":\"a\",\"port\":1,\"service\":\"orders\",\"service\":\"payments\"}")
			.withMessageContaining("says 'payments'");
		assertRefused("{\"host\":\"a\",\"host\":\"user@b\",\"port\":1}").withMessageContaining("user@b");
	}

	@ParameterizedTest
	@ValueSource(strings = { "{", "{\"host\"", "{\"host\":\"a\",\"port\":1", "{host:\"a\",port:1}",
			"{'host':'a','port':1}", "{\"host\":\"a\",\"port\":080}", "{\"host\":\"a\",\"port\":1,}",
			"{\"host\":\"a\",\"port\":NaN}", "{\"host\":\"a\nb\",\"port\":1}", "{\"host\":\"a\",\"port\":1}}",
			"{\"host\":\"a\",\"port\":1} trailing", "{\"host\":\"a\",\"port\":1}{\"host\":\"b\",\"port\":1}",
			"{/**/\"host\":\"a\",\"port\":1}", "{\"host\":\"\\x\"}", "{\u0000}", "{\u202e}",
			"{\"port\":1234567890123456789012345}" })
	void refusesWhatIsNotJson(String value) {
		assertRefused(value).withMessageStartingWith("the value is not JSON: ").withMessageNotContaining("\n");
		assertThat(failure(value).getMessage()).hasSizeLessThan(1000).doesNotContain("\r", "\n", "\u0000", "\u202e");
	}

	@ParameterizedTest
	@ValueSource(strings = { "", " ", "[]", "null", "1", "\"a\"", "true", "[{\"host\":\"a\",\"port\":1}]" })
	void refusesWhatIsNoObject(String value) {
		assertRefused(value).withMessage("the value is not a JSON object");
	}

	@ParameterizedTest
	@CsvSource(delimiter = '|', textBlock = """
			{"a":         | }
			{"a":[        | ]}
			{"host":"a","port":1,"metadata":{"a": | }}
			""")
	void refusesDeepNesting(String open, String close) {
		assertThat(failure(open.repeat(10_000) + "1" + close.repeat(10_000)).getMessage())
			.startsWith("the value is not JSON: ")
			.contains("nesting depth")
			.hasSizeLessThan(400);
		assertThat(failure(open.repeat(10_000)).getMessage()).startsWith("the value is not JSON: ");
	}

	@Test
	void readsAFewLevelsOfWhatItPassesOver() {
		assertThat(with("\"later\":" + "[".repeat(19) + "]".repeat(19)).getPort()).isEqualTo(8080);
		assertRefused(json("\"later\":" + "[".repeat(20) + "]".repeat(20))).withMessageContaining("nesting depth");
	}

	@Test
	void survivesAMegabyte() {
		assertThat(failure("{\"host\":\"%s\",\"port\":1}".formatted("a".repeat(1 << 20))).getMessage())
			.hasSizeLessThan(300);
		assertThat(failure("{".repeat(1 << 20)).getMessage()).hasSizeLessThan(400);
		assertThat(failure("{\"" + "a".repeat(1 << 20)).getMessage()).hasSizeLessThan(1000);
	}

	@Test
	void recognizesObjects() {
		assertThat(this.codec.recognizes("{}")).isTrue();
		assertThat(this.codec.recognizes(" \r\n\t{broken")).isTrue();
		assertThat(this.codec.recognizes("[{}]")).isFalse();
		assertThat(this.codec.recognizes("")).isFalse();
		assertThat(this.codec.recognizes("http://a:80")).isFalse();
	}

	@Test
	void writesWhatItsJavadocShows() {
		EtcdServiceInstance instance = new EtcdServiceInstance("orders", "a-8080", "10.1.2.3", 8080, false,
				InstanceStatus.UP, Map.of("zone", "a"));
		assertThat(this.codec.encode(instance))
			.isEqualTo("{\"service\":\"orders\",\"id\":\"a-8080\",\"host\":\"10.1.2.3\","
					+ "\"port\":8080,\"scheme\":\"http\",\"status\":\"UP\",\"metadata\":{\"zone\":\"a\"}}");
	}

	@ParameterizedTest
	@EnumSource
	void readsWhatItWrote(InstanceStatus status) {
		Map<String, String> metadata = new LinkedHashMap<>();
		metadata.put("quote\"", "back\\slash");
		metadata.put("line\r\n", "\u0000\u001f\u2028");
		metadata.put("größe", "サービス🛒");
		metadata.put("", "");
		for (String host : List.of("10.1.2.3", "my_host", "2001:db8::a", "::ffff:10.1.2.3")) {
			EtcdServiceInstance instance = new EtcdServiceInstance("orders", "a-8080", host, 65535, true, status,
					metadata);
			String value = this.codec.encode(instance);
			assertThat(this.codec.recognizes(value)).isTrue();
			assertThat(this.codec.decode(this.key, value)).isEqualTo(List.of(instance));
			assertThat(this.codec.decode(this.key, value).get(0).getMetadata()).containsExactlyEntriesOf(metadata);
		}
	}

	@Test
	void readsBackNamesThatNeedEscaping() {
		InstanceKey key = InstanceKey.parse("services", "services/a\"b\\c/größe/🛒");
		EtcdServiceInstance instance = new EtcdServiceInstance(key.service(), key.id(), "a", 1, false,
				InstanceStatus.UP, Map.of());
		assertThat(this.codec.decode(key, this.codec.encode(instance))).isEqualTo(List.of(instance));
	}

	private static String json(String more) {
		return "{\"host\":\"10.1.2.3\",\"port\":8080,%s}".formatted(more);
	}

	private EtcdServiceInstance with(String more) {
		return decode(json(more));
	}

	private EtcdServiceInstance decode(String value) {
		List<EtcdServiceInstance> instances = this.codec.decode(this.key, value);
		assertThat(instances).hasSize(1);
		return instances.get(0);
	}

	private ThrowableAssertAlternative<InvalidInstanceException> assertRefused(String value) {
		return assertThatExceptionOfType(InvalidInstanceException.class)
			.isThrownBy(() -> this.codec.decode(this.key, value));
	}

	private InvalidInstanceException failure(String value) {
		return assertRefused(value).actual();
	}

}
