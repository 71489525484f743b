package io.github.etcddiscovery.registry;

import java.net.InetAddress;
import java.net.UnknownHostException;
import java.time.Duration;
import java.util.Map;

import io.github.etcddiscovery.instance.EtcdServiceInstance;
import io.github.etcddiscovery.instance.InstanceStatus;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

import org.springframework.boot.context.properties.bind.Binder;
import org.springframework.boot.context.properties.source.InvalidConfigurationPropertyValueException;
import org.springframework.boot.context.properties.source.MapConfigurationPropertySource;
import org.springframework.cloud.commons.util.InetUtils;
import org.springframework.cloud.commons.util.InetUtilsProperties;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;

/**
 * Tests for {@link RegistrationFactory}.
 */
class RegistrationFactoryTests {

	private static final String PREFIX = "spring.cloud.etcd.discovery.";

	private @Nullable InetAddress serverAddress;

	private @Nullable InetAddress managementAddress;

	private final FakeInetUtils inetUtils = new FakeInetUtils("host.example", "10.0.0.1");

	@Test
	void namesTheInstanceAfterTheApplicationTheHostAndThePort() {
		EtcdServiceInstance instance = factory(Map.of()).create(8080);
		assertThat(instance.getServiceId()).isEqualTo("myapp");
		assertThat(instance.getInstanceId()).isEqualTo("host.example-8080");
		assertThat(instance.getHost()).isEqualTo("10.0.0.1");
		assertThat(instance.getPort()).isEqualTo(8080);
		assertThat(instance.isSecure()).isFalse();
		assertThat(instance.getStatus()).isEqualTo(InstanceStatus.UP);
		assertThat(instance.getMetadata()).isEmpty();
	}

	@Test
	void hasTheSameDefaultIdAfterARestartAndAnotherOnEachPort() {
		assertThat(factory(Map.of()).create(8080).getInstanceId())
			.isEqualTo(factory(Map.of()).create(8080).getInstanceId())
			.isNotEqualTo(factory(Map.of()).create(8081).getInstanceId());
	}

	@ParameterizedTest
	@CsvSource({ "my host/1,my-host-1-8080", "fe80::1,fe80--1-8080", "a;b=c,a-b-c-8080", "b\u00fccher,b-cher-8080",
			"a_b,a_b-8080", "a.b,a.b-8080" })
	void makesTheDefaultIdSafeForACookie(String hostname, String id) {
		this.inetUtils.hostname = hostname;
		assertThat(factory(Map.of()).create(8080).getInstanceId()).isEqualTo(id);
		RegistrableInstance.requireInstanceId(id);
	}

	@Test
	void hasAnotherDefaultIdOnEachHostWhenNoHostHasAName() {
		this.inetUtils.hostname = "localhost";
		assertThat(factory(Map.of()).create(8080).getInstanceId()).isEqualTo("10.0.0.1-8080");
	}

	@Test
	void keepsANameThatIsConfiguredWhateverItIs() {
		assertThat(factory(Map.of("hostname", "localhost")).create(8080).getInstanceId()).isEqualTo("localhost-8080");
		assertThat(this.inetUtils.lookups).as("the address").isEqualTo(1);
	}

	@Test
	void prefersWhatIsConfigured() {
		EtcdServiceInstance instance = factory(Map.of("service-name", "other", "instance-id", "one", "hostname",
				"own.example", "ip-address", "10.0.0.9", "port", "9090", "scheme", "https"))
			.create(8080);
		assertThat(instance.getServiceId()).isEqualTo("other");
		assertThat(instance.getInstanceId()).isEqualTo("one");
		assertThat(instance.getHost()).isEqualTo("10.0.0.9");
		assertThat(instance.getPort()).isEqualTo(9090);
		assertThat(instance.isSecure()).isTrue();
		assertThat(this.inetUtils.lookups).as("nothing to look up").isZero();
	}

	@Test
	void prefersTheHostNameWhenToldSo() {
		assertThat(factory(Map.of("prefer-ip-address", "false")).create(8080).getHost()).isEqualTo("host.example");
		assertThat(factory(Map.of("prefer-ip-address", "false", "hostname", "own.example", "ip-address", "10.0.0.9"))
			.create(8080)
			.getHost()).isEqualTo("own.example");
	}

	@Test
	void namesTheIdAfterTheConfiguredHostEvenWhenTheAddressIsPreferred() {
		EtcdServiceInstance instance = factory(Map.of("hostname", "own.example")).create(8080);
		assertThat(instance.getInstanceId()).isEqualTo("own.example-8080");
		assertThat(instance.getHost()).isEqualTo("10.0.0.1");
	}

	@Test
	void takesAnIpv6Address() {
		EtcdServiceInstance instance = factory(Map.of("ip-address", "2001:db8::1")).create(8080);
		assertThat(instance.getHost()).isEqualTo("2001:db8::1");
		assertThat(instance.getUri()).hasToString("http://[2001:db8::1]:8080");
		RegistrableInstance.require(instance);
	}

	@ParameterizedTest
	@CsvSource({ "10.0.0.7,10.0.0.7", "127.0.0.1,127.0.0.1", "2001:db8::7,2001:db8:0:0:0:0:0:7", "0.0.0.0,10.0.0.1",
			"::,10.0.0.1", "fe80::7,10.0.0.1", "169.254.0.7,10.0.0.1" })
	void takesTheOneAddressThatTheServerListensOn(String listening, String registered) throws UnknownHostException {
		this.serverAddress = InetAddress.getByName(listening);
		EtcdServiceInstance instance = factory(Map.of()).create(8080);
		assertThat(instance.getHost()).isEqualTo(registered);
		assertThat(instance.getInstanceId()).isEqualTo("host.example-8080");
		RegistrableInstance.require(instance);
		assertThat(factory(Map.of()).create("-management", 8081).getHost()).as("a server of its own")
			.isEqualTo("10.0.0.1");
	}

	@Test
	void takesTheOneAddressThatTheManagementServerListensOn() throws UnknownHostException {
		this.managementAddress = InetAddress.getByName("127.0.0.1");
		assertThat(factory(Map.of()).create("-management", 8081).getHost()).isEqualTo("127.0.0.1");
		assertThat(factory(Map.of()).create(8080).getHost()).isEqualTo("10.0.0.1");
	}

	@ParameterizedTest
	@CsvSource({ "ip-address,10.0.0.9,10.0.0.9", "prefer-ip-address,false,host.example", "port,9090,10.0.0.1" })
	void prefersWhatIsConfiguredToWhereTheServerListens(String property, String value, String registered)
			throws UnknownHostException {
		this.serverAddress = InetAddress.getByName("127.0.0.1");
		assertThat(factory(Map.of(property, value)).create(8080).getHost()).isEqualTo(registered);
	}

	@Test
	void looksTheHostUpOnce() {
		RegistrationFactory factory = factory(Map.of());
		factory.create(8080);
		factory.create("-management", 8081);
		assertThat(this.inetUtils.lookups).isEqualTo(1);
	}

	@Test
	void namesAnotherPortAfterTheService() {
		EtcdServiceInstance management = factory(Map.of()).create("-management", 8081);
		assertThat(management.getServiceId()).isEqualTo("myapp-management");
		assertThat(management.getInstanceId()).isEqualTo("host.example-8081");
		assertThat(management.getPort()).isEqualTo(8081);
		EtcdServiceInstance named = factory(Map.of("instance-id", "one", "port", "9090")).create("-management", 8081);
		assertThat(named.getInstanceId()).isEqualTo("one-management");
		assertThat(named.getPort()).as("the configured port is the application's").isEqualTo(8081);
	}

	@Test
	void addsZoneAndWeightToTheMetadata() {
		EtcdServiceInstance instance = factory(
				Map.of("metadata.team", "blue", "metadata.zone", "overridden", "zone", "eu-1", "weight", "0"))
			.create(8080);
		assertThat(instance.getMetadata())
			.containsExactlyInAnyOrderEntriesOf(Map.of("team", "blue", "zone", "eu-1", "weight", "0"));
	}

	@Test
	void usesTheWebServersPortWhenNoneIsConfigured() {
		assertThat(factory(Map.of()).create(8080).getPort()).isEqualTo(8080);
		assertThat(factory(Map.of("port", "0")).create(8080).getPort()).isEqualTo(8080);
	}

	@Test
	void namesThePropertyThatIsMissing() {
		assertThatExceptionOfType(InvalidConfigurationPropertyValueException.class)
			.isThrownBy(() -> factory(Map.of(), null))
			.satisfies((ex) -> assertThat(ex.getName()).isEqualTo(PREFIX + "service-name"))
			.withMessageContaining("spring.application.name");
	}

	@Test
	void takesABlankNameForNone() {
		assertThat(factory(Map.of("service-name", " ")).create(8080).getServiceId()).isEqualTo("myapp");
		assertThatExceptionOfType(InvalidConfigurationPropertyValueException.class)
			.isThrownBy(() -> factory(Map.of("service-name", " "), " "));
	}

	@ParameterizedTest
	@CsvSource({ "service-name,my_app", "instance-id,a/b", "hostname,a b", "hostname,user@host",
			"ip-address,10.0.0.1/8", "ip-address,[::1]" })
	void namesThePropertyThatIsWrong(String property, String value) {
		assertThatExceptionOfType(InvalidConfigurationPropertyValueException.class)
			.isThrownBy(() -> factory(Map.of(property, value)))
			.satisfies((ex) -> assertThat(ex.getName()).isEqualTo(PREFIX + property));
	}

	@Test
	void blamesTheApplicationsNameWhenThatIsWrong() {
		assertThatExceptionOfType(InvalidConfigurationPropertyValueException.class)
			.isThrownBy(() -> factory(Map.of(), "my_app"))
			.satisfies((ex) -> assertThat(ex.getName()).isEqualTo("spring.application.name"));
	}

	private RegistrationFactory factory(Map<String, String> properties) {
		return factory(properties, "myapp");
	}

	private RegistrationFactory factory(Map<String, String> properties, @Nullable String applicationName) {
		MapConfigurationPropertySource source = new MapConfigurationPropertySource();
		properties.forEach((name, value) -> source.put(PREFIX + name, value));
		EtcdRegistrationProperties bound = new Binder(source).bindOrCreate("spring.cloud.etcd.discovery",
				EtcdRegistrationProperties.class);
		assertThat(bound.ttl()).isEqualTo(Duration.ofSeconds(15));
		return new RegistrationFactory(bound, applicationName, this.inetUtils, this.serverAddress,
				this.managementAddress);
	}

	/**
	 * A host whose name and address a test chooses.
	 */
	private static final class FakeInetUtils extends InetUtils {

		private final String ipAddress;

		private String hostname;

		private int lookups;

		FakeInetUtils(String hostname, String ipAddress) {
			super(new InetUtilsProperties());
			this.hostname = hostname;
			this.ipAddress = ipAddress;
		}

		@Override
		public HostInfo findFirstNonLoopbackHostInfo() {
			this.lookups++;
			HostInfo info = new HostInfo(this.hostname);
			info.setIpAddress(this.ipAddress);
			return info;
		}

	}

}
