package io.github.etcddiscovery.autoconfigure;

import java.util.Map;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

import org.springframework.boot.Banner;
import org.springframework.boot.SpringApplication;
import org.springframework.boot.WebApplicationType;
import org.springframework.boot.autoconfigure.ImportAutoConfiguration;
import org.springframework.boot.test.system.CapturedOutput;
import org.springframework.boot.test.system.OutputCaptureExtension;
import org.springframework.cloud.client.serviceregistry.AutoServiceRegistrationAutoConfiguration;
import org.springframework.cloud.commons.util.UtilAutoConfiguration;
import org.springframework.context.annotation.Configuration;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

/**
 * What a person sees who set a property wrongly.
 */
@ExtendWith(OutputCaptureExtension.class)
class InvalidPropertiesTests {

	private static final String DISCOVERY = "spring.cloud.etcd.discovery.";

	@ParameterizedTest
	@ValueSource(strings = { "localhost:2379", "localhost", "ftp://localhost:2379", "http://localhost",
			"http://localhost:0", "http://localhost:99999999999", "http://localhost:2379/path",
			"http://localhost:2379?a=b", "http://local host:2379" })
	void refusesEndpointsThatAreNotUrls(String endpoint, CapturedOutput output) {
		fail("--spring.cloud.etcd.endpoints=http://localhost:2379," + endpoint);
		assertThat(report(output))
			.containsSubsequence("Description:", "The property 'spring.cloud.etcd.endpoints' cannot be",
					"(from \"spring.cloud.etcd.endpoints\" from property source \"commandLineArgs\")", "Action:",
					"An endpoint is http://host:port or https://host:port; '" + endpoint + "' is not.")
			.doesNotContain("Exception");
	}

	@ParameterizedTest
	@ValueSource(strings = { "http://user:s3cret@localhost:2379", "https://user:s3cret/s3cret@localhost:2379",
			"http://user:s3cret@s3cret@localhost:2379", "user:s3cret@localhost:2379", "http://s3cret@localhost:2379",
			"http://user:s3cret s3cret@localhost:2379" })
	void neverShowsThePasswordOfAnEndpoint(String endpoint, CapturedOutput output) {
		fail("--spring.cloud.etcd.endpoints=" + endpoint);
		assertThat(report(output)).contains("spring.cloud.etcd.endpoints", "***@localhost:2379", "http://host:port");
		assertThat(output).doesNotContain("s3cret");
	}

	@ParameterizedTest
	@CsvSource(delimiter = '|', quoteCharacter = '"', nullValues = "null",
			textBlock = """
							discovery.allowed-networks=10.0.0.0/33     | The property 'spring.cloud.etcd.discovery.allowed-networks' cannot be '10.0.0.0/33' | A network is like 10.0.0.0/8 or fd00::/8, or a single address; '10.0.0.0/33' is not.
							discovery.max-instances-per-service=0      | The property 'spring.cloud.etcd.discovery.max-instances-per-service' cannot be '0' | It must be at least 1.
							ssl.bundle=etcd                            | The property 'spring.cloud.etcd.ssl.bundle' cannot be 'etcd'                      | It needs 'spring.cloud.etcd.endpoints' that begin with https://.
							ssl.enabled=true                           | The property 'spring.cloud.etcd.ssl.enabled' cannot be 'true'                     | It needs 'spring.cloud.etcd.endpoints' that begin with https://.
							endpoints=http://a:1,https://b:1           | The property 'spring.cloud.etcd.endpoints' cannot be 'http://a:1,https://b:1'     | They must be all http or all https.
							username=root                              | The property 'spring.cloud.etcd.password' is not set.                             | It must be set, since 'spring.cloud.etcd.username' is.
							password=s3cret                            | The property 'spring.cloud.etcd.username' is not set.                             | It must be set, since 'spring.cloud.etcd.password' is.
							connect-timeout=-1s                        | The property 'spring.cloud.etcd.connect-timeout' cannot be '-1000ms'              | It must be at least 100ms. A number without a unit counts milliseconds: five seconds are 5s.
							request-timeout=0                          | The property 'spring.cloud.etcd.request-timeout' cannot be '0ms'                  | It must be at least 100ms. A number without a unit counts milliseconds: five seconds are 5s.
							connect-timeout=5                          | The property 'spring.cloud.etcd.connect-timeout' cannot be '5ms'                  | It must be at least 100ms. A number without a unit counts milliseconds: five seconds are 5s.
							request-timeout=5                          | The property 'spring.cloud.etcd.request-timeout' cannot be '5ms'                  | It must be at least 100ms. A number without a unit counts milliseconds: five seconds are 5s.
							keep-alive-time=10                         | The property 'spring.cloud.etcd.keep-alive-time' cannot be '10ms'                 | It must be at least 10s: gRPC probes no more often. A number without a unit counts milliseconds.
							endpoints=dns+srv://a,dns+srv://b          | The property 'spring.cloud.etcd.endpoints' cannot be 'dns+srv://a,dns+srv://b'    | There can be only one that begins with dns+srv://.
							endpoints=dns+srv:///                      | The property 'spring.cloud.etcd.endpoints' cannot be 'dns+srv:///'                | It must be dns+srv://domain or dns+srv://nameserver:port/domain; 'dns+srv:///' is not.
							keep-alive-timeout=-5s                     | The property 'spring.cloud.etcd.keep-alive-timeout' cannot be '-5000ms'           | It must be at least 100ms. A number without a unit counts milliseconds: five seconds are 5s.
							keep-alive-time=1s                         | The property 'spring.cloud.etcd.keep-alive-time' cannot be '1000ms'               | It must be at least 10s: gRPC probes no more often. A number without a unit counts milliseconds.
							max-inbound-message-size=1B                | The property 'spring.cloud.etcd.max-inbound-message-size' cannot be '1B'          | It must be between 1KB and 2047MB.
							discovery.ttl=1s                           | The property 'spring.cloud.etcd.discovery.ttl' cannot be '1000ms'                 | It must be in whole seconds and at least 2s
							discovery.ttl=2500ms                       | The property 'spring.cloud.etcd.discovery.ttl' cannot be '2500ms'                 | It must be in whole seconds and at least 2s
							discovery.ttl=-15s                         | The property 'spring.cloud.etcd.discovery.ttl' cannot be '-15000ms'               | It must be in whole seconds and at least 2s
							discovery.sync-timeout=-1s                 | The property 'spring.cloud.etcd.discovery.sync-timeout' cannot be '-1000ms'       | It must be 0 or at least 100ms. A number without a unit is in milliseconds.
							discovery.sync-timeout=5 | The property 'spring.cloud.etcd.discovery.sync-timeout' cannot be '5ms' | It must be 0 or at least 100ms. A number without a unit is in milliseconds.
							discovery.check-interval=3 | The property 'spring.cloud.etcd.discovery.check-interval' cannot be '3ms' | It must be 0 or at least 1s. A number without a unit is in milliseconds.
							discovery.audit-interval=300 | The property 'spring.cloud.etcd.discovery.audit-interval' cannot be '300ms' | It must be 0 or at least 1s. A number without a unit is in milliseconds.
							discovery.hold.duration=60 | The property 'spring.cloud.etcd.discovery.hold.duration' cannot be '60ms' | It must be 0 or at least 1s. A number without a unit is in milliseconds.
							discovery.watch-idle-timeout=600 | The property 'spring.cloud.etcd.discovery.watch-idle-timeout' cannot be '600ms' | It must be at least 1s. A number without a unit is in milliseconds.
							discovery.prefix=services/                 | The property 'spring.cloud.etcd.discovery.prefix' cannot be 'services/'           | It must not end with a slash: the starter appends one.
							discovery.additional-prefixes=services/x   | The property 'spring.cloud.etcd.discovery.additional-prefixes' cannot be 'services/x' | It must not lie within 'services', nor contain it.
							discovery.additional-prefixes=a,/b/        | The property 'spring.cloud.etcd.discovery.additional-prefixes' cannot be '/b/'    | It must not end with a slash: the starter appends one.
							discovery.additional-prefixes=a/b,a        | The property 'spring.cloud.etcd.discovery.additional-prefixes' cannot be 'a'      | It must not lie within 'a/b', nor contain it.
							discovery.services.users.key=user.rpc/     | The property 'spring.cloud.etcd.discovery.services.users.key' cannot be 'user.rpc/' | It must not end with a slash: the starter appends one.
							discovery.services[user.rpc].key=services/x | The property 'spring.cloud.etcd.discovery.services[user.rpc].key' cannot be 'services/x' | It must not lie within 'services', nor contain it.
							discovery.format=xml                       | The property 'spring.cloud.etcd.discovery.format' cannot be 'xml'                 | It must be json, address, grpc, go-zero, kratos or the name of a ServiceInstanceCodec bean; there are address, go-zero, grpc, json, kratos.
							discovery.drain=6m                         | The property 'spring.cloud.etcd.discovery.drain' cannot be '360000ms'             | It must be between 100ms and 5m, or 0s. A number without a unit is in milliseconds.
					discovery.watch-idle-timeout=0s            | The property 'spring.cloud.etcd.discovery.watch-idle-timeout' cannot be '0ms'     | It must be at least 1s. A number without a unit is in milliseconds.
					discovery.hold.threshold=1                 | The property 'spring.cloud.etcd.discovery.hold.threshold' cannot be '1.0'         | It must be at least 0 and less than 1.
					discovery.service-name=a/b                 | The property 'spring.cloud.etcd.discovery.service-name' cannot be 'a/b'           | Use letters, digits, hyphens and dots, with a letter first
							discovery.service-name=my_service          | The property 'spring.cloud.etcd.discovery.service-name' cannot be 'my_service'    | Use letters, digits, hyphens and dots, with a letter first
							discovery.instance-id=a/b                  | The property 'spring.cloud.etcd.discovery.instance-id' cannot be 'a/b'            | 1 to 200 letters, digits and . _ - ~ : @ +.
							discovery.hostname=bad host                | The property 'spring.cloud.etcd.discovery.hostname' cannot be 'bad host'          | 'bad host' is not a host name or address.
							discovery.ip-address=10.0.0.1/8            | The property 'spring.cloud.etcd.discovery.ip-address' cannot be '10.0.0.1/8'      | '10.0.0.1/8' is not a host name or address.
							discovery.port=70000                       | The property 'spring.cloud.etcd.discovery.port' cannot be '70000'                 | It must be between 0 and 65535.
							discovery.weight=-1                        | The property 'spring.cloud.etcd.discovery.weight' cannot be '-1'                  | It must be between 0 and 1000.
							discovery.ttl=15                           | The property 'spring.cloud.etcd.discovery.ttl' cannot be '15ms'                   | A number without a unit is in milliseconds.
							discovery.drain=1                          | The property 'spring.cloud.etcd.discovery.drain' cannot be '1ms'                  | A number without a unit is in milliseconds.
							discovery.metadata.weight=heavy            | The property 'spring.cloud.etcd.discovery.metadata.weight' cannot be 'heavy'      | not a whole number between 0 and 1000.
							discovery.ip-address=0.0.0.0               | The property 'spring.cloud.etcd.discovery.ip-address' cannot be '0.0.0.0'         | it is where a server listens, not where it is called.
							discovery.scheme=ftp                       | The property 'spring.cloud.etcd.discovery.scheme' cannot be 'ftp'                 | It must be http or https.
							""")
	void namesThePropertyAndTheFix(String argument, String description, String action, CapturedOutput output) {
		fail("--spring.cloud.etcd." + argument);
		assertThat(report(output)).containsSubsequence("Description:", description, "Action:", action)
			.doesNotContain("Exception", "s3cret");
	}

	@Test
	void refusesToSpeakPlainTextWithHttpsEndpoints(CapturedOutput output) {
		fail("--spring.cloud.etcd.endpoints=https://localhost:2379", "--spring.cloud.etcd.ssl.enabled=false");
		assertThat(report(output)).contains("The property 'spring.cloud.etcd.ssl.enabled' cannot be 'false'",
				"It contradicts 'spring.cloud.etcd.endpoints', which are https.");
	}

	@Test
	void refusesASchemeThatContradictsSecure(CapturedOutput output) {
		fail("--spring.cloud.etcd.discovery.scheme=http", "--spring.cloud.etcd.discovery.secure=true");
		assertThat(report(output)).contains("The property 'spring.cloud.etcd.discovery.secure' cannot be 'true'",
				"It contradicts 'spring.cloud.etcd.discovery.scheme', which is http.");
	}

	@ParameterizedTest
	@ValueSource(strings = { "prefix", "service-name", "instance-id", "hostname" })
	void refusesControlCharactersAndDoesNotPrintThem(String property, CapturedOutput output) {
		fail("--" + DISCOVERY + property + "=before\u001b[31m\nINFO forged");
		assertThat(report(output)).contains("The property '" + DISCOVERY + property + "' cannot be 'before\\u{1b}");
		assertThat(output).doesNotContain("before\u001b").doesNotContain("\nINFO forged");
	}

	@ParameterizedTest
	@CsvSource(delimiter = '|', textBlock = """
			services/go | It must not lie within 'services': what stands there is read as a service.
			services    | Another format is written below it: each needs a prefix of its own.
			go/         | It must not end with a slash: the starter appends one.
			""")
	void refusesPrefixOfAFormatThatDisturbsAnother(String prefix, String rule, CapturedOutput output) {
		fail("--" + DISCOVERY + "format=json,grpc", "--" + DISCOVERY + "formats.grpc.prefix=" + prefix);
		assertThat(report(output)).containsSubsequence(
				"The property '" + DISCOVERY + "formats.grpc.prefix' cannot be '" + prefix + "'", "Action:", rule);
	}

	@Test
	void refusesAFormatTwice(CapturedOutput output) {
		fail("--" + DISCOVERY + "format=json,json");
		assertThat(report(output)).contains("The property '" + DISCOVERY + "format' cannot be 'json,json'",
				"It must not name a format twice.");
	}

	@Test
	void asksForANameWhenTheApplicationHasNone(CapturedOutput output) {
		fail("--spring.application.name=");
		assertThat(report(output)).containsSubsequence("'spring.cloud.etcd.discovery.service-name' is not set.",
				"Action:", "'spring.application.name' must be set", "'spring.cloud.etcd.discovery.register' to false.");
	}

	@Test
	void namesTheApplicationNameWhenThatIsTheOneInUse(CapturedOutput output) {
		fail("--spring.application.name=my_app");
		assertThat(report(output)).containsSubsequence("'my_app'", "'spring.application.name'",
				"Use letters, digits, hyphens and dots, with a letter first");
	}

	@Test
	void saysWhereAListWasSet(CapturedOutput output) {
		fail("--spring.cloud.etcd.endpoints[0]=localhost:2379");
		assertThat(report(output))
			.contains("(from \"spring.cloud.etcd.endpoints[0]\" from property source \"commandLineArgs\")");
	}

	@Test
	void leavesValuesOfAWrongTypeToSpringBoot(CapturedOutput output) {
		fail("--spring.cloud.etcd.discovery.ttl=soon");
		assertThat(report(output)).contains("Property: spring.cloud.etcd.discovery.ttl", "Value: \"soon\"",
				"'soon' is not a valid duration");
	}

	/**
	 * Starts an application that does not start.
	 */
	private static void fail(String... arguments) {
		SpringApplication application = new SpringApplication(Application.class);
		application.setWebApplicationType(WebApplicationType.NONE);
		application.setBannerMode(Banner.Mode.OFF);
		application.setDefaultProperties(Map.of("spring.application.name", "app", "spring.cloud.etcd.discovery.port",
				"8080", "spring.cloud.etcd.endpoints", "http://127.0.0.1:1"));
		assertThatThrownBy(() -> application.run(arguments).close()).isNotNull();
	}

	private static String report(CapturedOutput output) {
		assertThat(output).contains("APPLICATION FAILED TO START").doesNotContain("\tat ", "Application run failed");
		return output.getOut().substring(output.getOut().indexOf("APPLICATION FAILED TO START"));
	}

	/**
	 * With no more than it takes, since it is started so often.
	 */
	@Configuration(proxyBeanMethods = false)
	@ImportAutoConfiguration({ EtcdClientAutoConfiguration.class, EtcdDiscoveryAutoConfiguration.class,
			EtcdServiceRegistryAutoConfiguration.class, EtcdAutoServiceRegistrationAutoConfiguration.class,
			AutoServiceRegistrationAutoConfiguration.class, UtilAutoConfiguration.class })
	static class Application {

	}

}
