package io.github.etcddiscovery.registry;

import java.time.Duration;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CountDownLatch;
import java.util.function.Consumer;

import io.github.etcddiscovery.instance.EtcdServiceInstance;
import io.github.etcddiscovery.instance.InvalidInstanceException;
import io.github.etcddiscovery.testing.EtcdExtension;
import io.github.etcddiscovery.testing.FreePorts;
import org.awaitility.Awaitility;
import org.awaitility.core.ConditionFactory;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.api.extension.RegisterExtension;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

import org.springframework.boot.ApplicationRunner;
import org.springframework.boot.Banner;
import org.springframework.boot.SpringApplication;
import org.springframework.boot.WebApplicationType;
import org.springframework.boot.autoconfigure.EnableAutoConfiguration;
import org.springframework.boot.availability.AvailabilityChangeEvent;
import org.springframework.boot.availability.ReadinessState;
import org.springframework.boot.test.system.CapturedOutput;
import org.springframework.boot.test.system.OutputCaptureExtension;
import org.springframework.boot.test.util.TestPropertyValues;
import org.springframework.cloud.client.serviceregistry.Registration;
import org.springframework.cloud.context.environment.EnvironmentChangeEvent;
import org.springframework.context.ApplicationContextInitializer;
import org.springframework.context.ConfigurableApplicationContext;
import org.springframework.context.annotation.Configuration;
import org.springframework.context.support.GenericApplicationContext;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;

/**
 * When the values of a registration are read, seen from etcd: what is drawn is drawn
 * once, what is only known later is known then, and what changes is followed.
 */
@Timeout(120)
@ExtendWith(OutputCaptureExtension.class)
class RegistrationTimingIntegrationTests {

	private static final String DISCOVERY = "spring.cloud.etcd.discovery.";

	@RegisterExtension
	static final EtcdExtension etcd = EtcdExtension.single();

	private final List<ConfigurableApplicationContext> contexts = new ArrayList<>();

	@AfterEach
	void closeContexts() {
		this.contexts.forEach(ConfigurableApplicationContext::close);
	}

	@Test
	void drawsARandomIdOnceForTheProcess(CapturedOutput output) {
		ConfigurableApplicationContext context = run(
				Map.of(DISCOVERY + "instance-id", "app-${random.value}", DISCOVERY + "hostname", "h-${random.int(9)}",
						DISCOVERY + "prefer-ip-address", "false", DISCOVERY + "zone", "z-${random.uuid}",
						DISCOVERY + "metadata.nonce", "${app.nonce}", "app.nonce", "${random.value}-${random.value}",
						DISCOVERY + "metadata.tier", "silver", "management.server.port", "0"),
				(bean) -> bean.registerBean(Early.class, () -> new Early(bean.getBean(Registration.class))));
		JsonNode first = awaitOnly("app");
		String id = first.path("id").stringValue();
		assertThat(id).matches("app-[0-9a-f]{32}");
		assertThat(context.getBean(Early.class).id).isEqualTo(id);
		assertThat(context.getBean(Registration.class).getInstanceId()).isEqualTo(id);
		assertThat(awaitOnly("app-management").path("id").stringValue()).isEqualTo(id + "-management");
		String[] nonces = first.at("/metadata/nonce").stringValue().split("-");
		assertThat(nonces[0]).isNotEqualTo(nonces[1]);
		refresh(context, DISCOVERY + "metadata.tier", "gold");
		await().until(() -> awaitOnly("app").at("/metadata/tier").stringValue().equals("gold"));
		JsonNode second = awaitOnly("app");
		assertThat(List.of("id", "host", "port"))
			.allSatisfy((field) -> assertThat(second.path(field)).isEqualTo(first.path(field)));
		assertThat(second.at("/metadata/zone")).isEqualTo(first.at("/metadata/zone"));
		assertThat(second.at("/metadata/nonce")).isEqualTo(first.at("/metadata/nonce"));
		assertThat(output).doesNotContain("Still registered as");
	}

	@Test
	void knowsWhatIsOnlyKnownWhenTheServersHaveStarted() {
		ConfigurableApplicationContext context = run(Map.of(DISCOVERY + "instance-id", "app-${local.server.port}",
				DISCOVERY + "metadata.admin", "http://localhost:${local.management.port}/", "management.server.port",
				"0", DISCOVERY + "metadata.late", "${late}", DISCOVERY + "management-metadata.of", "${app.url}",
				"app.url", "http://localhost:${local.server.port}"), (bean) -> {
				});
		int port = context.getEnvironment().getRequiredProperty("local.server.port", Integer.class);
		JsonNode value = awaitOnly("app");
		assertThat(value.path("id").stringValue()).isEqualTo("app-" + port);
		assertThat(value.at("/metadata/admin").stringValue())
			.isEqualTo("http://localhost:" + context.getEnvironment().getProperty("local.management.port") + "/");
		assertThat(awaitOnly("app-management").at("/metadata/of").stringValue()).isEqualTo("http://localhost:" + port);
		refresh(context, "late", "known");
		await().until(() -> awaitOnly("app").at("/metadata/late").stringValue().equals("known"));
	}

	@Test
	void drawsARandomNameOnceForTheProcess(CapturedOutput output) {
		ConfigurableApplicationContext context = run(Map.of("spring.application.name", "app-${random.int(10,99)}"),
				(bean) -> {
				});
		String name = context.getBean(Registration.class).getServiceId();
		assertThat(name).matches("app-\\d\\d");
		awaitOnly(name);
		refresh(context, DISCOVERY + "metadata.tier", "gold");
		await().until(() -> awaitOnly(name).at("/metadata/tier").isString());
		assertThat(output).doesNotContain("Still registered as");
	}

	@Test
	void saysWhenItIsOutOfServiceAndBack(CapturedOutput output) {
		ConfigurableApplicationContext context = run(Map.of(), (bean) -> {
		});
		awaitOnly("app");
		AvailabilityChangeEvent.publish(context, ReadinessState.REFUSING_TRAFFIC);
		await().until(() -> awaitOnly("app").path("status").stringValue().equals("OUT_OF_SERVICE"));
		assertThat(output).contains("Out of service: the application refuses traffic");
		AvailabilityChangeEvent.publish(context, ReadinessState.ACCEPTING_TRAFFIC);
		await().until(() -> awaitOnly("app").path("status").stringValue().equals("UP"));
		await().until(() -> output.getAll().contains("In service again: the application accepts traffic"));
	}

	@Test
	void warnsWhenThoseWithItsSettingsPassItOver(CapturedOutput output) {
		run(Map.of(DISCOVERY + "allowed-networks", "10.0.0.0/8", DISCOVERY + "ip-address", "192.0.2.1"), (bean) -> {
		});
		awaitOnly("app");
		assertThat(output).contains("'spring.cloud.etcd.discovery.allowed-networks' pass 'services/app/",
				"192.0.2.1 is in none of the 'allowed-networks'");
	}

	@Test
	void knowsItsDefaultIdFromTheBeginningWhenItsPortIsSet() {
		ConfigurableApplicationContext context = run(Map.of("server.port", FreePorts.next()),
				(bean) -> bean.registerBean(Early.class, () -> new Early(bean.getBean(Registration.class))));
		assertThat(context.getBean(Early.class).id).isEqualTo(awaitOnly("app").path("id").stringValue());
	}

	@Test
	void saysWhichPropertyRefersToNothing(CapturedOutput output) {
		assertThatExceptionOfType(RuntimeException.class)
			.isThrownBy(() -> run(Map.of(DISCOVERY + "instance-id", "app-${no.such.property}"), (bean) -> {
			}));
		assertThat(output).contains("The property 'spring.cloud.etcd.discovery.instance-id' cannot be");
	}

	@Test
	void followsWhatAValueRefersTo() {
		ConfigurableApplicationContext context = run(Map.of("app.version", "1", DISCOVERY + "metadata.version",
				"v${app.version}", DISCOVERY + "management-metadata.version", "m${app.version}",
				"management.server.port", "0", DISCOVERY + "metadata.tier", "silver"), (bean) -> {
				});
		assertThat(awaitOnly("app").at("/metadata/version").stringValue()).isEqualTo("v1");
		EtcdServiceRegistry registry = context.getBean(EtcdServiceRegistry.class);
		EtcdRegistration registration = context.getBean(EtcdRegistration.class);
		Map<String, String> own = new HashMap<>(registration.getMetadata());
		own.put("tier", "gold");
		own.put("leader", "yes");
		registry.setMetadata(registration, own);
		registry.setStatus(registration, "DOWN");
		await().until(() -> awaitOnly("app").path("status").stringValue().equals("DOWN"));
		refresh(context, "app.version", "2");
		await().until(() -> awaitOnly("app").at("/metadata/version").stringValue().equals("v2"));
		assertThat(awaitOnly("app").at("/metadata/tier").stringValue()).isEqualTo("gold");
		assertThat(awaitOnly("app").at("/metadata/leader").stringValue()).isEqualTo("yes");
		assertThat(awaitOnly("app").path("status").stringValue()).isEqualTo("DOWN");
		await().until(() -> awaitOnly("app-management").at("/metadata/version").stringValue().equals("m2"));
		assertThat(awaitOnly("app-management").path("status").stringValue()).isEqualTo("UP");
	}

	@Test
	void writesNothingWhenSomethingElseIsRefreshed() {
		ConfigurableApplicationContext context = run(Map.of(DISCOVERY + "metadata.nonce", "${random.value}"),
				(bean) -> {
				});
		awaitOnly("app");
		long revision = etcd.admin().revision();
		refresh(context, "something.else", "1");
		// The registry writes in order
		context.getBean(EtcdServiceRegistry.class)
			.setMetadata(context.getBean(EtcdRegistration.class), Map.of("last", "1"));
		await().until(() -> awaitOnly("app").at("/metadata/last").isString());
		assertThat(etcd.admin().revision()).isEqualTo(revision + 1);
	}

	@Test
	void takesABlankPropertyForOneThatIsNotSet() {
		Map<String, Object> blank = new HashMap<>();
		for (String property : List.of("service-name", "instance-id", "hostname", "ip-address", "zone", "scheme",
				"secure", "port", "weight", "format", "ttl", "initial-status", "prefix", "additional-prefixes",
				"metadata.team", "management-metadata.team", "prefer-ip-address", "fail-fast", "watch-scope",
				"allowed-networks", "snapshot.file")) {
			blank.put(DISCOVERY + property, "${NOT_SET:}");
		}
		for (String property : List.of("username", "password", "ssl.bundle", "connect-timeout")) {
			blank.put("spring.cloud.etcd." + property, "");
		}
		blank.put(DISCOVERY + "zone", "  ");
		blank.put(DISCOVERY + "weight", " ");
		ConfigurableApplicationContext context = run(blank, (bean) -> {
		});
		JsonNode value = awaitOnly("app");
		assertThat(value.path("host").stringValue()).isEqualTo("127.0.0.1");
		assertThat(value.path("scheme").stringValue()).isEqualTo("http");
		assertThat(value.path("status").stringValue()).isEqualTo("UP");
		assertThat(value.path("metadata").isEmpty()).isTrue();
		assertThat(value.path("id").stringValue())
			.endsWith("-" + context.getEnvironment().getProperty("local.server.port"));
	}

	@Test
	void refusesMetadataThatNobodyWouldReadAndLosesNothing() {
		ConfigurableApplicationContext context = run(Map.of(DISCOVERY + "metadata.tier", "silver"), (bean) -> {
		});
		awaitOnly("app");
		EtcdServiceRegistry registry = context.getBean(EtcdServiceRegistry.class);
		EtcdRegistration registration = context.getBean(EtcdRegistration.class);
		Map<String, String> large = new HashMap<>();
		for (int i = 0; i < 20; i++) {
			large.put("m" + i, "x".repeat(8000));
		}
		for (Map<String, String> refused : List.of(Map.of("long", "x".repeat(9000)), large,
				Map.of("weight", "1000000000"), Map.of("text", "\uD800"))) {
			assertThatExceptionOfType(InvalidInstanceException.class)
				.isThrownBy(() -> registry.setMetadata(registration, refused));
			assertThat(registration.getMetadata()).containsOnlyKeys("tier");
		}
		refresh(context, DISCOVERY + "metadata.long", "x".repeat(9000));
		registry.setStatus(registration, "DOWN");
		await().until(() -> awaitOnly("app").path("status").stringValue().equals("DOWN"));
		assertThat(awaitOnly("app").path("metadata").properties()).hasSize(1);
	}

	@Test
	void beginsWithTheStatusThatIsSetUntilSomebodySetsAnother() {
		ConfigurableApplicationContext context = run(Map.of(DISCOVERY + "initial-status", "OUT_OF_SERVICE"), (bean) -> {
		});
		assertThat(awaitOnly("app").path("status").stringValue()).isEqualTo("OUT_OF_SERVICE");
		context.getBean(EtcdServiceRegistry.class).setStatus(context.getBean(EtcdRegistration.class), "UP");
		await().until(() -> awaitOnly("app").path("status").stringValue().equals("UP"));
		refresh(context, DISCOVERY + "metadata.tier", "gold");
		await().until(() -> awaitOnly("app").at("/metadata/tier").isString());
		assertThat(awaitOnly("app").path("status").stringValue()).isEqualTo("UP");
	}

	@Test
	void customizersHaveTheLastWord() {
		EtcdRegistrationCustomizer customizer = (instance) -> {
			Map<String, String> metadata = new HashMap<>(instance.getMetadata());
			metadata.put("team", instance.isManagement() ? "ops" : "blue");
			return instance.withMetadata(metadata);
		};
		ConfigurableApplicationContext context = run(
				Map.of("management.server.port", "0", DISCOVERY + "metadata.team", "red"),
				(bean) -> bean.registerBean(EtcdRegistrationCustomizer.class, () -> customizer));
		assertThat(awaitOnly("app").at("/metadata/team").stringValue()).isEqualTo("blue");
		JsonNode management = awaitOnly("app-management");
		assertThat(management.at("/metadata/team").stringValue()).isEqualTo("ops");
		assertThat(management.at("/metadata/" + EtcdServiceInstance.MANAGEMENT_OF).stringValue()).isEqualTo("app");
		refresh(context, DISCOVERY + "metadata.tier", "gold");
		await().until(() -> awaitOnly("app").at("/metadata/tier").isString());
		assertThat(awaitOnly("app").at("/metadata/team").stringValue()).isEqualTo("blue");
	}

	@Test
	void saysWhatItWaitsForWhenARunnerDoesNotReturn(CapturedOutput output) {
		CountDownLatch release = new CountDownLatch(1);
		CompletableFuture<ConfigurableApplicationContext> start = CompletableFuture
			.supplyAsync(() -> run(Map.of(), (bean) -> bean.registerBean("endlessImport", ApplicationRunner.class,
					() -> (arguments) -> release.await())));
		try {
			await()
				.until(() -> output.getAll().contains("Not registered yet: a runner has not returned (endlessImport"));
		}
		finally {
			release.countDown();
		}
		assertThat(awaitOnly("app").path("status").stringValue()).isEqualTo("UP");
		assertThat(start).succeedsWithin(Duration.ofSeconds(30));
		assertThat(output).containsOnlyOnce("Not registered yet");
	}

	/**
	 * As the {@code refresh} endpoint does it, which reports the keys whose own values
	 * have changed.
	 */
	private static void refresh(ConfigurableApplicationContext context, String property, String value) {
		TestPropertyValues.of(property + "=" + value).applyTo(context);
		context.publishEvent(new EnvironmentChangeEvent(context, Set.of(property)));
	}

	/**
	 * Patient, since a build shares its machine.
	 */
	private static ConditionFactory await() {
		return Awaitility.await().atMost(Duration.ofSeconds(30));
	}

	private static JsonNode awaitOnly(String service) {
		return await().until(() -> onlyValue(service), (value) -> value != null);
	}

	private static @Nullable JsonNode onlyValue(String service) {
		List<String> values = List.copyOf(etcd.admin().values("services/" + service + "/").values());
		return (values.size() == 1) ? JsonMapper.shared().readTree(values.get(0)) : null;
	}

	private ConfigurableApplicationContext run(Map<String, Object> properties,
			Consumer<GenericApplicationContext> beans) {
		SpringApplication application = new SpringApplication(Application.class);
		application.setWebApplicationType(WebApplicationType.SERVLET);
		application.setBannerMode(Banner.Mode.OFF);
		Map<String, Object> all = new HashMap<>(Map.of("spring.application.name", "app", "spring.cloud.etcd.endpoints",
				etcd.clientUrl(), DISCOVERY + "drain", "0s", "server.address", "127.0.0.1", "server.port", "0"));
		all.putAll(properties);
		application.setDefaultProperties(all);
		ApplicationContextInitializer<GenericApplicationContext> initializer = beans::accept;
		application.addInitializers(initializer);
		ConfigurableApplicationContext context = application.run();
		this.contexts.add(context);
		return context;
	}

	@Configuration(proxyBeanMethods = false)
	@EnableAutoConfiguration
	static class Application {

	}

	/**
	 * What a bean of the application sees that is made before the servers start.
	 */
	private static final class Early {

		private final String id;

		Early(Registration registration) {
			this.id = registration.getInstanceId();
		}

	}

}
