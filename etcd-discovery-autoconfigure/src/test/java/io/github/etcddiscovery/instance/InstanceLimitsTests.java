package io.github.etcddiscovery.instance;

import java.util.Collections;
import java.util.List;
import java.util.Map;
import java.util.function.Function;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;

/**
 * What {@link InstanceLimits} hold an application's own codec to.
 */
class InstanceLimitsTests {

	private static final InstanceKey KEY = InstanceKey.parse("services", "services/app/1");

	@Test
	void takesWhatIsWithinTheLimits() {
		Map<String, String> metadata = Map.of("n".repeat(256), "v".repeat(8192));
		assertThat(read((value) -> List.of(instance("app", "10.0.0.1", 80, metadata)))).hasSize(1);
	}

	@ParameterizedTest
	@ValueSource(strings = { "user@10.0.0.1", "10.0.0.1/path", "a b", "a\r\nb" })
	void refusesAHostThatIsNone(String host) {
		assertRefused(
				(value) -> List.of(new EtcdServiceInstance("app", "1", host, 80, false, InstanceStatus.UP, Map.of()) {
				}));
	}

	@ParameterizedTest
	@ValueSource(
			strings = { "2130706433", "127.1", "service0.0.0.1", "0x7f000001", "a.0x1", "10.0.0.1.", "10.0.0.256" })
	void refusesAHostThatOthersTakeForAnAddress(String host) {
		assertThatExceptionOfType(InvalidInstanceException.class).isThrownBy(() -> Addresses.requireHost(host))
			.withMessage("'%s' is not a host name or address", host);
	}

	@ParameterizedTest
	@ValueSource(
			strings = { "10.0.0.1", "3f2a1bc09d", "a1", "orders.svc.cluster.local.", "my_container", "0xcafe.example" })
	void takesAHostThatIsAName(String host) {
		assertThat(Addresses.requireHost(host)).isEqualTo(host);
	}

	@Test
	void refusesAPortThatIsNone() {
		assertRefused((value) -> List.of(instance("app", "10.0.0.1", 70000, Map.of())));
	}

	@Test
	void refusesAnInstanceOfAnotherService() {
		assertRefused((value) -> List.of(instance("payments", "10.0.0.1", 80, Map.of())));
	}

	@Test
	void refusesMetadataThatIsTooLong() {
		assertRefused((value) -> List.of(instance("app", "10.0.0.1", 80, Map.of("n".repeat(257), "v"))));
		assertRefused((value) -> List.of(instance("app", "10.0.0.1", 80, Map.of("n", "v".repeat(8193)))));
	}

	@Test
	void refusesMoreInstancesThanAKeyHas() {
		assertRefused((value) -> Collections.nCopies(101, instance("app", "10.0.0.1", 80, Map.of())));
	}

	@ParameterizedTest
	@ValueSource(strings = { "services/app/1\uFFFD", "services/\uFFFDapp", "services/app/a\nb", "services//1" })
	void refusesKeysThatNameNoInstance(String key) {
		assertThatExceptionOfType(InvalidInstanceException.class).isThrownBy(() -> InstanceKey.parse("services", key));
	}

	@Test
	void refusesKeysThatAreTooLong() {
		assertThatExceptionOfType(InvalidInstanceException.class)
			.isThrownBy(() -> InstanceKey.parse("services", "services/" + "s".repeat(513)))
			.withMessage("the service name in the key is longer than 512 characters");
	}

	@Test
	void refusesValuesThatAreTooLong() {
		String value = "{\"host\":\"10.0.0.1\",\"port\":80}";
		InstanceReader reader = reader(List.of(new JsonCodec()));
		assertThat(reader.read(KEY, value + " ".repeat(65_536 - value.length()))).hasSize(1);
		assertThatExceptionOfType(InvalidInstanceException.class)
			.isThrownBy(() -> reader.read(KEY, value + " ".repeat(65_537 - value.length())))
			.withMessage("the value has more than 65536 characters");
	}

	@Test
	void refusesValuesThatAreNotUtf8() {
		assertThatExceptionOfType(InvalidInstanceException.class)
			.isThrownBy(() -> reader(List.of(new AddressCodec())).read(KEY, "http://\uFFFD:80"))
			.withMessage("the value is not UTF-8");
	}

	private static EtcdServiceInstance instance(String service, String host, int port, Map<String, String> metadata) {
		return new EtcdServiceInstance(service, "1", host, port, false, InstanceStatus.UP, metadata);
	}

	private static void assertRefused(Function<String, List<EtcdServiceInstance>> codec) {
		assertThatExceptionOfType(RuntimeException.class).isThrownBy(() -> read(codec))
			.isInstanceOfAny(InvalidInstanceException.class, IllegalArgumentException.class);
	}

	private static List<EtcdServiceInstance> read(Function<String, List<EtcdServiceInstance>> codec) {
		return reader(List.of(new ServiceInstanceCodec() {

			@Override
			public boolean recognizes(String value) {
				return true;
			}

			@Override
			public List<EtcdServiceInstance> decode(InstanceKey key, String value) {
				return codec.apply(value);
			}

		})).read(KEY, "anything");
	}

	private static InstanceReader reader(List<ServiceInstanceCodec> codecs) {
		return new InstanceReader("services", codecs);
	}

}
