package io.github.etcddiscovery.registry;

import java.net.InetAddress;
import java.net.UnknownHostException;
import java.time.Duration;
import java.util.HashMap;
import java.util.List;
import java.util.Map;

import io.github.etcddiscovery.instance.EtcdServiceInstance;
import io.github.etcddiscovery.instance.InstanceStatus;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

import org.springframework.boot.context.properties.bind.Binder;
import org.springframework.boot.context.properties.source.InvalidConfigurationPropertyValueException;
import org.springframework.boot.context.properties.source.MapConfigurationPropertySource;
import org.springframework.boot.test.system.CapturedOutput;
import org.springframework.boot.test.system.OutputCaptureExtension;
import org.springframework.cloud.commons.util.InetUtils;
import org.springframework.cloud.commons.util.InetUtilsProperties;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;

/**
 * Tests for {@link RegistrationFactory}.
 */
@ExtendWith(OutputCaptureExtension.class)
class RegistrationFactoryTests {

	private static final String PREFIX = "spring.cloud.etcd.discovery.";

	private @Nullable InetAddress serverAddress;

	private @Nullable InetAddress managementAddress;

	private final FakeInetUtils inetUtils = new FakeInetUtils("host.example", "10.0.0.1");

	private final FoundHost found = new FoundHost(this.inetUtils);

	private ApplicationPaths paths = ApplicationPaths.NONE;

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
		assertThat(factory(Map.of()).management().getHost()).as("a server of its own").isEqualTo("10.0.0.1");
	}

	@Test
	void takesTheOneAddressThatTheManagementServerListensOn() throws UnknownHostException {
		this.managementAddress = InetAddress.getByName("127.0.0.1");
		assertThat(factory(Map.of()).management().getHost()).isEqualTo("127.0.0.1");
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
		Fixture factory = factory(Map.of());
		factory.create(8080);
		factory.management();
		factory(Map.of()).create(8080);
		assertThat(this.inetUtils.lookups).isEqualTo(1);
	}

	@Test
	void namesAnotherPortAfterTheService() {
		EtcdServiceInstance management = factory(Map.of()).management();
		assertThat(management.getServiceId()).isEqualTo("myapp-management");
		assertThat(management.getInstanceId()).isEqualTo("host.example-8080-management");
		assertThat(management.getPort()).isEqualTo(8081);
		EtcdServiceInstance named = factory(Map.of("instance-id", "one", "port", "9090")).management();
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
	void managementPortHasMetadataOfItsOwn() {
		EtcdServiceInstance management = factory(
				Map.of("metadata.edge", "true", "zone", "eu-1", "weight", "5", "management-metadata.team", "ops"))
			.management();
		assertThat(management.getMetadata())
			.containsExactlyInAnyOrderEntriesOf(Map.of("team", "ops", "management-of", "myapp"));
		assertThat(management.isManagement()).isTrue();
	}

	@ParameterizedTest
	@CsvSource({ ",,true,true", ",,false,false", "scheme,http,true,false", "scheme,HTTPS,false,true",
			"secure,true,false,true", "secure,false,true,false", "port,443,true,true" })
	void speaksWhatTheWebServerSpeaksUnlessToldOtherwise(String property, String value, boolean server,
			boolean registered) {
		EtcdServiceInstance instance = factory((property != null) ? Map.of(property, value) : Map.of())
			.create(new LocalServer(8080, server, null), LocalServer.NONE);
		assertThat(instance.isSecure()).isEqualTo(registered);
	}

	@Test
	void speaksOnItsManagementPortWhatThatSpeaks() {
		RegistrationFactory factory = factory(Map.of("scheme", "https")).factory;
		EtcdServiceInstance application = factory.create(new LocalServers(server(8080, null), LocalServer.NONE));
		assertThat(factory.management(application, new LocalServer(8081, false, null)).isSecure()).isFalse();
		assertThat(factory.management(application, new LocalServer(8081, true, null)).isSecure()).isTrue();
	}

	@Test
	void tellsReadersNothingThatTheyGuessThemselves() {
		this.paths = new ApplicationPaths("", "/actuator", "/actuator", null);
		assertThat(factory(Map.of()).create(8080).getMetadata()).isEmpty();
		this.paths = ApplicationPaths.NONE;
		assertThat(factory(Map.of()).create(server(8080, null), server(8081, null)).getMetadata())
			.as("there is no actuator")
			.isEmpty();
	}

	@Test
	void tellsReadersWhereItsActuatorIs() throws UnknownHostException {
		this.paths = new ApplicationPaths("/shop", "/shop/manage", "/own/manage", "healthz");
		assertThat(factory(Map.of()).create(8080).getMetadata()).containsExactlyInAnyOrderEntriesOf(
				Map.of("context-path", "/shop", "management.context-path", "/shop/manage", "health.path", "healthz"));
		LocalServer management = new LocalServer(8081, true, InetAddress.getByName("10.0.0.2"));
		assertThat(factory(Map.of()).create(server(8080, null), management).getMetadata())
			.containsExactlyInAnyOrderEntriesOf(
					Map.of("context-path", "/shop", "management.context-path", "/own/manage", "health.path", "healthz",
							"management.port", "8081", "management.scheme", "https", "management.address", "10.0.0.2"));
		assertThat(factory(Map.of("metadata.management-port", "1", "metadata.context-path", "/mine",
				"metadata.management.context-path", "/mine/too", "metadata.management.scheme", "http",
				"metadata.management-address", "proxy", "metadata.health.path", "up"))
			.create(server(8080, null), management)
			.getMetadata()).as("what the application says itself")
			.containsExactlyInAnyOrderEntriesOf(
					Map.of("management-port", "1", "context-path", "/mine", "management.context-path", "/mine/too",
							"management.scheme", "http", "management-address", "proxy", "health.path", "up"));
	}

	@Test
	void tellsReadersOfAnActuatorAtTheRoot() {
		this.paths = new ApplicationPaths("", "", "", null);
		assertThat(factory(Map.of()).create(8080).getMetadata()).containsEntry("management.context-path", "/");
	}

	@ParameterizedTest
	@CsvSource({ "127.0.0.1,loopback", "169.254.1.2,link-local", "0.0.0.0,all addresses" })
	void warnsOnceOfAnAddressThatIsNotMeantForOthers(String address, String kind, CapturedOutput output) {
		this.inetUtils.ipAddress = address;
		factory(Map.of()).create(8080);
		factory(Map.of()).create(8080);
		assertThat(output.getAll().lines().filter((line) -> line.contains("Others can't call the address")))
			.singleElement()
			.asString()
			.contains(address, kind, "'spring.cloud.etcd.discovery.ip-address'",
					"'spring.cloud.inetutils.preferred-networks'");
	}

	@Test
	void doesNotWarnOfAnAddressThatWasToldOrIsNotRegistered(CapturedOutput output) throws UnknownHostException {
		this.inetUtils.ipAddress = "127.0.0.1";
		factory(Map.of("ip-address", "127.0.0.1")).create(8080);
		factory(Map.of()).create(0);
		this.serverAddress = InetAddress.getByName("127.0.0.1");
		factory(Map.of()).create(8080);
		assertThat(output).doesNotContain("meant for others");
	}

	@ParameterizedTest
	@ValueSource(strings = { "docker0", "br-0123456789ab", "virbr0", "podman1", "cni-podman0", "docker_gwbridge" })
	void knowsTheBridgesThatEachHostHas(String name) {
		assertThat(FoundHost.isBridge(name)).isTrue();
	}

	@ParameterizedTest
	@ValueSource(strings = { "eth0", "en0", "br0", "bridge100", "wlan0", "docker" })
	void takesNoOtherNetworkForABridge(String name) {
		assertThat(FoundHost.isBridge(name)).isFalse();
	}

	@Test
	void registersTheAddressWhenTheNameThatWasFoundCannotBeCalled(CapturedOutput output) {
		this.inetUtils.hostname = "my_host";
		EtcdServiceInstance instance = factory(Map.of("prefer-ip-address", "false")).create(8080);
		assertThat(instance.getHost()).isEqualTo("10.0.0.1");
		assertThat(output).contains("'my_host' that was found can't be the host of a URI",
				"'spring.cloud.etcd.discovery.hostname'");
		RegistrableInstance.require(instance);
	}

	@Test
	void beginsWithTheStatusThatIsSet() {
		assertThat(factory(Map.of("initial-status", "out-of-service")).create(8080).getStatus())
			.isEqualTo(InstanceStatus.OUT_OF_SERVICE);
		assertThat(factory(Map.of("initial-status", "out-of-service")).management().getStatus())
			.isEqualTo(InstanceStatus.UP);
	}

	@Test
	void usesTheWebServersPortWhenNoneIsConfigured() {
		assertThat(factory(Map.of()).create(8080).getPort()).isEqualTo(8080);
		assertThat(factory(Map.of("port", "0")).create(8080).getPort()).isEqualTo(8080);
	}

	@Test
	void namesThePropertyThatIsMissing() {
		assertThatExceptionOfType(InvalidConfigurationPropertyValueException.class)
			.isThrownBy(() -> factory(Map.of(), null).create(8080))
			.satisfies((ex) -> assertThat(ex.getName()).isEqualTo(PREFIX + "service-name"))
			.withMessageContaining("spring.application.name");
	}

	@ParameterizedTest
	@CsvSource({ "service-name,my_app", "instance-id,a/b", "hostname,a b", "hostname,user@host",
			"ip-address,10.0.0.1/8", "ip-address,[::1]", "ip-address,0.0.0.0", "ip-address,::", "metadata.weight,heavy",
			"metadata.weight,1001", "management-metadata.weight,-1" })
	void namesThePropertyThatIsWrong(String property, String value) {
		assertThatExceptionOfType(InvalidConfigurationPropertyValueException.class)
			.isThrownBy(() -> factory(Map.of(property, value)).management())
			.satisfies((ex) -> assertThat(ex.getName()).isEqualTo(PREFIX + property));
	}

	@ParameterizedTest
	@ValueSource(strings = { "my_host", "10.0.0.1x", "host.1a" })
	void refusesAHostNameThatCouldNotBeCalledOnlyWhereItIsCalled(String hostname) {
		assertThat(factory(Map.of("hostname", hostname)).create(8080).getInstanceId()).startsWith(hostname);
		assertThatExceptionOfType(InvalidConfigurationPropertyValueException.class)
			.isThrownBy(() -> factory(Map.of("hostname", hostname, "prefer-ip-address", "false")).create(8080))
			.satisfies((ex) -> assertThat(ex.getName()).isEqualTo(PREFIX + "hostname"));
	}

	@Test
	void refusesMetadataThatNobodyWouldRead() {
		Map<String, String> many = new HashMap<>();
		for (int i = 0; i < 101; i++) {
			many.put("metadata.m" + i, "x");
		}
		List<Map<String, String>> refused = List.of(Map.of("metadata.long", "x".repeat(8193)),
				Map.of("metadata." + "n".repeat(257), "x"), Map.of("metadata.broken", "a\uD800b"),
				Map.of("metadata.replaced", "a\uFFFDb"), many);
		assertThat(refused)
			.allSatisfy((properties) -> assertThatExceptionOfType(InvalidConfigurationPropertyValueException.class)
				.isThrownBy(() -> factory(properties).create(8080))
				.satisfies((ex) -> assertThat(ex.getName()).startsWith(PREFIX + "metadata")));
		assertThat(factory(Map.of("metadata.long", "x".repeat(8192))).create(8080).getMetadata()).containsKey("long");
	}

	@Test
	void blamesTheApplicationsNameWhenThatIsWrong() {
		assertThatExceptionOfType(InvalidConfigurationPropertyValueException.class)
			.isThrownBy(() -> factory(Map.of(), "my_app").create(8080))
			.satisfies((ex) -> assertThat(ex.getName()).isEqualTo("spring.application.name"));
	}

	private Fixture factory(Map<String, String> properties) {
		return factory(properties, "myapp");
	}

	private Fixture factory(Map<String, String> properties, @Nullable String applicationName) {
		MapConfigurationPropertySource source = new MapConfigurationPropertySource();
		properties.forEach((name, value) -> source.put(PREFIX + name, value));
		EtcdRegistrationProperties bound = new Binder(source).bindOrCreate("spring.cloud.etcd.discovery",
				EtcdRegistrationProperties.class);
		assertThat(bound.ttl()).isEqualTo(Duration.ofSeconds(15));
		return new Fixture(new RegistrationFactory(bound, applicationName, this.found, this.paths));
	}

	private static LocalServer server(int port, @Nullable InetAddress address) {
		return new LocalServer(port, false, address);
	}

	private final class Fixture {

		private final RegistrationFactory factory;

		Fixture(RegistrationFactory factory) {
			this.factory = factory;
		}

		EtcdServiceInstance create(int port) {
			return create(server(port, RegistrationFactoryTests.this.serverAddress), LocalServer.NONE);
		}

		EtcdServiceInstance create(LocalServer web, LocalServer management) {
			return this.factory.create(new LocalServers(web, management));
		}

		EtcdServiceInstance management() {
			return this.factory.management(create(8080), server(8081, RegistrationFactoryTests.this.managementAddress));
		}

	}

	/**
	 * A host whose name and address a test chooses.
	 */
	private static final class FakeInetUtils extends InetUtils {

		private String ipAddress;

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
