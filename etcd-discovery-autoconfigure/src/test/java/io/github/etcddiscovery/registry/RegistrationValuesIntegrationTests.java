package io.github.etcddiscovery.registry;

import java.time.Duration;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.SortedMap;

import io.github.etcddiscovery.testing.EtcdExtension;
import org.awaitility.Awaitility;
import org.awaitility.core.ConditionFactory;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.api.extension.RegisterExtension;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

import org.springframework.boot.Banner;
import org.springframework.boot.SpringApplication;
import org.springframework.boot.WebApplicationType;
import org.springframework.boot.autoconfigure.EnableAutoConfiguration;
import org.springframework.boot.test.system.CapturedOutput;
import org.springframework.boot.test.system.OutputCaptureExtension;
import org.springframework.boot.test.util.TestPropertyValues;
import org.springframework.cloud.client.serviceregistry.ServiceRegistry;
import org.springframework.cloud.context.environment.EnvironmentChangeEvent;
import org.springframework.context.ConfigurableApplicationContext;
import org.springframework.context.annotation.Configuration;

import static org.assertj.core.api.Assertions.assertThat;

/**
 * What of an application's properties stands in etcd.
 */
@Timeout(120)
@ExtendWith(OutputCaptureExtension.class)
class RegistrationValuesIntegrationTests {

	private static final String DISCOVERY = "spring.cloud.etcd.discovery.";

	@RegisterExtension
	static final EtcdExtension etcd = EtcdExtension.single();

	@Test
	void writesEverythingThatCanBeSet() {
		try (ConfigurableApplicationContext context = run(Map.of("service-name", "shop", "instance-id", "shop-1",
				"hostname", "shop.example.org", "prefer-ip-address", "false", "scheme", "https", "metadata.tier",
				"gold", "metadata.text", "a \"quoted\" line\nand another", "zone", "eu-1", "weight", "7"))) {
			Map.Entry<String, JsonNode> entry = awaitRegistration();
			assertThat(entry.getKey()).isEqualTo("services/shop/shop-1");
			assertThat(entry.getValue()).isEqualTo(JsonMapper.shared().readTree("""
					{"service": "shop", "id": "shop-1", "host": "shop.example.org", "port": 8080, "scheme": "https",
					 "status": "UP", "metadata": {"tier": "gold", "text": "a \\"quoted\\" line\\nand another",
					 "zone": "eu-1", "weight": "7"}}"""));
			assertThat(context.getBean(EtcdRegistration.class).getUri()).hasToString("https://shop.example.org:8080");
		}
		assertThat(etcd.admin().keys("")).isEmpty();
	}

	@Test
	void writesTheAddressThatIsPreferred() {
		Map<String, Object> both = Map.of("hostname", "shop.example.org", "ip-address", "192.0.2.7");
		try (ConfigurableApplicationContext context = run(both)) {
			Map.Entry<String, JsonNode> entry = awaitRegistration();
			assertThat(entry.getValue().path("host").stringValue()).isEqualTo("192.0.2.7");
			assertThat(entry.getValue().path("scheme").stringValue()).isEqualTo("http");
			// The same for as long as the host and the port are
			assertThat(entry.getKey()).isEqualTo("services/app/shop.example.org-8080");
		}
	}

	@Test
	void writesWhatTheMachineIsCalledByDefault() {
		try (ConfigurableApplicationContext context = run(Map.of("secure", "true", "ip-address", "2001:db8::1"))) {
			Map.Entry<String, JsonNode> entry = awaitRegistration();
			assertThat(entry.getValue().path("host").stringValue()).isEqualTo("2001:db8::1");
			assertThat(entry.getValue().path("scheme").stringValue()).isEqualTo("https");
			assertThat(entry.getKey()).matches("services/app/[A-Za-z0-9._~-]+-8080");
			assertThat(context.getBean(EtcdRegistration.class).getUri()).hasToString("https://[2001:db8::1]:8080");
		}
	}

	@Test
	void writesUnderItsPrefixAndForItsTimeToLive() {
		try (ConfigurableApplicationContext context = run(
				Map.of("prefix", "teams/a/services", "instance-id", "1", "ttl", "30s"))) {
			await().until(() -> etcd.admin().keys("").equals(List.of("teams/a/services/app/1")));
			assertThat(etcd.admin().timeToLive(etcd.admin().leaseOf("teams/a/services/app/1"))).isBetween(20L, 30L);
		}
	}

	@Test
	void registersMoreThanOneUnderTheSameLease() {
		try (ConfigurableApplicationContext context = run(Map.of("instance-id", "1"))) {
			awaitRegistration();
			EtcdServiceRegistry registry = context.getBean(EtcdServiceRegistry.class);
			assertThat(context.getBean(ServiceRegistry.class)).isSameAs(registry);
			EtcdRegistration second = Node.registration("second", "1", 9090);
			registry.register(second);
			await().until(() -> etcd.admin().get("services/second/1") != null);
			assertThat(etcd.admin().leaseOf("services/second/1")).isEqualTo(etcd.admin().leaseOf("services/app/1"));
			registry.setMetadata(second, Map.of("tier", "gold"));
			await().until(() -> String.valueOf(etcd.admin().get("services/second/1")).contains("\"tier\":\"gold\""));
			registry.deregister(second);
			assertThat(etcd.admin().keys("services/")).containsExactly("services/app/1");
		}
		assertThat(etcd.admin().leases()).isEmpty();
	}

	@Test
	void followsPropertiesThatAreRefreshed(CapturedOutput output) {
		try (ConfigurableApplicationContext context = run(Map.of("instance-id", "1", "metadata.tier", "silver"))) {
			awaitRegistration();
			long lease = etcd.admin().leaseOf("services/app/1");
			context.getBean(EtcdServiceRegistry.class)
				.setStatus(context.getBean(EtcdRegistration.class), "OUT_OF_SERVICE");
			refresh(context, "metadata.tier", "gold");
			await().until(() -> awaitRegistration().getValue().at("/metadata/tier").stringValue().equals("gold"));
			assertThat(awaitRegistration().getValue().path("status").stringValue()).isEqualTo("OUT_OF_SERVICE");
			assertThat(etcd.admin().leaseOf("services/app/1")).isEqualTo(lease);
			long revision = etcd.admin().revision();
			refresh(context, "weight", "-1");
			assertThat(output).contains("Still registered as app/1", "spring.cloud.etcd.discovery.weight",
					"It must be between 0 and 1000");
			refresh(context, "weight", "1");
			refresh(context, "instance-id", "2");
			assertThat(output).contains("a new service name or instance id requires a restart");
			await().until(() -> awaitRegistration().getValue().at("/metadata/weight").stringValue("").equals("1"));
			assertThat(etcd.admin().revision()).isEqualTo(revision + 1);
		}
	}

	/**
	 * As the {@code refresh} endpoint does it.
	 */
	private static void refresh(ConfigurableApplicationContext context, String property, String value) {
		TestPropertyValues.of(DISCOVERY + property + "=" + value).applyTo(context);
		context.publishEvent(new EnvironmentChangeEvent(context, Set.of(DISCOVERY + property)));
	}

	/**
	 * Patient, since a build shares its machine.
	 */
	private static ConditionFactory await() {
		return Awaitility.await().atMost(Duration.ofSeconds(30));
	}

	private static Map.Entry<String, JsonNode> awaitRegistration() {
		SortedMap<String, String> values = await().until(() -> etcd.admin().values("services/"),
				(found) -> found.size() == 1);
		return Map.entry(values.firstKey(), JsonMapper.shared().readTree(values.get(values.firstKey())));
	}

	private static ConfigurableApplicationContext run(Map<String, Object> properties) {
		SpringApplication application = new SpringApplication(Application.class);
		application.setWebApplicationType(WebApplicationType.NONE);
		application.setBannerMode(Banner.Mode.OFF);
		Map<String, Object> all = new HashMap<>(Map.of("spring.application.name", "app", "spring.cloud.etcd.endpoints",
				etcd.clientUrl(), DISCOVERY + "port", "8080", DISCOVERY + "drain", "0s"));
		properties.forEach((name, value) -> all.put(DISCOVERY + name, value));
		application.setDefaultProperties(all);
		return application.run();
	}

	@Configuration(proxyBeanMethods = false)
	@EnableAutoConfiguration
	static class Application {

	}

}
