package io.github.etcddiscovery.instance;

import java.util.List;
import java.util.Map;

import org.assertj.core.api.ThrowableAssertAlternative;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;

/**
 * Tests for {@link AddressCodec}.
 */
class AddressCodecTests {

	private final AddressCodec codec = new AddressCodec();

	private final InstanceKey key = InstanceKey.parse("services", "services/myapp");

	@ParameterizedTest
	@CsvSource({ "http://localhost:3000, http, localhost, 3000", "localhost:3000, http, localhost, 3000",
			"https://api.example:8443, https, api.example, 8443", "HTTP://LocalHost:3000, http, LocalHost, 3000",
			"HttpS://a:1, https, a, 1", "http://a, http, a, 80", "https://a, https, a, 443", "http://a/, http, a, 80",
			"http://a:65535/, http, a, 65535", "my_host:80, http, my_host, 80", "10.1.2.3:00080, http, 10.1.2.3, 80",
			"[::1]:3000, http, ::1, 3000", "http://[::1]:3000, http, ::1, 3000",
			"https://[2001:DB8::a]/, https, 2001:DB8::a, 443", "http://[::ffff:10.1.2.3]:80, http, ::ffff:10.1.2.3, 80",
			"http://[1:2:3:4:5:6:7:8], http, 1:2:3:4:5:6:7:8, 80" })
	void readsAddress(String value, String scheme, String host, int port) {
		EtcdServiceInstance instance = decode(value);
		assertThat(instance.getScheme()).isEqualTo(scheme);
		assertThat(instance.getHost()).isEqualTo(host);
		assertThat(instance.getPort()).isEqualTo(port);
	}

	@Test
	void instanceIsUpAndNamedByItsKey() {
		assertThat(decode("localhost:3000")).isEqualTo(
				new EtcdServiceInstance("myapp", "myapp", "localhost", 3000, false, InstanceStatus.UP, Map.of()));
		InstanceKey key = InstanceKey.parse("services", "services/myapp/7");
		assertThat(this.codec.decode(key, "localhost:3000").get(0).getInstanceId()).isEqualTo("7");
	}

	@Test
	void whiteSpaceAroundTheAddressIsPassedOver() {
		assertThat(decode(" http://localhost:3000\r\n").getPort()).isEqualTo(3000);
	}

	@ParameterizedTest
	@ValueSource(strings = { "a:0", "a:65536", "a:70000", "a:999999999", "http://a:0" })
	void refusesPortThatIsNone(String value) {
		assertRefused(value).withMessageEndingWith("is not between 1 and 65535");
	}

	@ParameterizedTest
	@ValueSource(strings = { "a:", "a:-1", "a:1.5", "a:http", "a:9999999999", "http://a:80:90", "a:٣٠٠٠", "::1:80",
			"http://::1:80", "http://", "://a:80", "a:80/b", "http://a:80/api", "http://a:80?x", "http://a:80#x",
			"http://a b:80", "a\r\nb:80", "http://user:secret@a:80", "[::1", "::1]", "[::1]3000", "a:80\nb:80" })
	void refusesWhatIsNoAddress(String value) {
		assertRefused(value).withMessageEndingWith("is not an address like http://host:port");
	}

	@ParameterizedTest
	@ValueSource(strings = { "3000", "user@a:80", "http://user@a:80", "-a:80", "a-:80", "http://a\u0000b:80",
			"größe:80", "a,b:80", "a%2f:80", "http://[]:80", "http://[fe80::1%eth0]:80", "[1:2]:80", "http://[::g]:80",
			"http://http://a:80", "a\\b:80", "<a>:80", "a\u2028b:80", "\"text\"", "\u0000\u0001\u0002" })
	void refusesWhatIsNoHost(String value) {
		InvalidInstanceException failure = failure(value);
		assertThat(failure.getMessage())
			.matches("'.*' is not (a host name or address|an address like http://host:port)");
	}

	@ParameterizedTest
	@ValueSource(strings = { "ftp://a:21", "tcp://a:80", "httpx://a:80", "file:///etc/passwd", "javascript://a:80" })
	void refusesOtherSchemes(String value) {
		assertThat(failure(value).getMessage())
			.matches("the scheme '.*' is none of http, https, grpc and grpcs|.*is not an address.*");
	}

	@ParameterizedTest
	@ValueSource(strings = { "localhost", "[::1]", "localhost/" })
	void refusesHostWithoutPort(String value) {
		assertRefused(value).withMessage("the address has no port");
	}

	@Test
	void refusesHostThatIsTooLong() {
		assertThat(decode("a".repeat(253) + ":80").getHost()).hasSize(253);
		assertRefused("a".repeat(254) + ":80").withMessageEndingWith("is not a host name or address");
	}

	@ParameterizedTest
	@ValueSource(strings = { "a", ":", "[", "a.", "a:", "//", "[:", ":1" })
	void refusesMegabyteWithoutOverflowOrDelay(String part) {
		String value = part.repeat((1 << 20) / part.length());
		assertThat(failure(value).getMessage()).hasSizeLessThan(300);
	}

	@Test
	void messageIsEscaped() {
		assertThat(failure("a b\r\n2026 INFO forged\u001b[2J").getMessage()).doesNotContain("\r", "\n", "\u001b");
		assertThat(failure("a\u202eb:80").getMessage()).doesNotContain("\u202e").contains("\\u{202e}");
	}

	@Test
	void recognizesAllButObjectsAndNothing() {
		assertThat(this.codec.recognizes("localhost:3000")).isTrue();
		assertThat(this.codec.recognizes("rubbish")).isTrue();
		assertThat(this.codec.recognizes("")).isFalse();
		assertThat(this.codec.recognizes(" \n")).isFalse();
		assertThat(this.codec.recognizes("{}")).isFalse();
		assertThat(this.codec.recognizes(" \n{")).isFalse();
	}

	@ParameterizedTest
	@CsvSource({ "localhost, 3000, false", "api.example, 443, true", "::1, 1, false", "2001:db8::a, 65535, true",
			"my_host, 80, false" })
	void readsWhatItWrote(String host, int port, boolean secure) {
		EtcdServiceInstance instance = new EtcdServiceInstance("myapp", "myapp", host, port, secure, InstanceStatus.UP,
				Map.of());
		assertThat(this.codec.decode(this.key, this.codec.encode(instance))).isEqualTo(List.of(instance));
	}

	@Test
	void isWrittenAtTheBareNameOfTheServiceWhileItIsUp() {
		EtcdServiceInstance instance = new EtcdServiceInstance("myapp", "a-3000", "localhost", 3000, false,
				InstanceStatus.UP, Map.of());
		assertThat(this.codec.key("services", instance)).hasToString("services/myapp");
		assertThat(this.codec.encode(instance)).isEqualTo("http://localhost:3000");
		assertThat(this.codec.encode(instance.withStatus(InstanceStatus.OUT_OF_SERVICE))).isNull();
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
