package io.github.etcddiscovery.registry;

import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.Consumer;

import io.github.etcddiscovery.catalog.WatchScope;
import io.github.etcddiscovery.instance.EtcdServiceInstance;
import io.github.etcddiscovery.instance.InstanceStatus;
import io.github.etcddiscovery.testing.EtcdExtension;
import io.github.etcddiscovery.testing.FreePorts;
import io.github.etcddiscovery.testing.TcpProxy;
import org.apache.catalina.startup.Tomcat;
import org.awaitility.Awaitility;
import org.awaitility.core.ConditionFactory;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Nested;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.api.extension.RegisterExtension;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

import org.springframework.boot.ApplicationRunner;
import org.springframework.boot.Banner;
import org.springframework.boot.SpringApplication;
import org.springframework.boot.WebApplicationType;
import org.springframework.boot.autoconfigure.EnableAutoConfiguration;
import org.springframework.boot.availability.AvailabilityChangeEvent;
import org.springframework.boot.availability.ReadinessState;
import org.springframework.boot.builder.SpringApplicationBuilder;
import org.springframework.boot.context.event.ApplicationReadyEvent;
import org.springframework.boot.test.system.CapturedOutput;
import org.springframework.boot.test.system.OutputCaptureExtension;
import org.springframework.boot.web.servlet.support.SpringBootServletInitializer;
import org.springframework.cloud.client.ServiceInstance;
import org.springframework.cloud.client.discovery.DiscoveryClient;
import org.springframework.cloud.client.discovery.event.InstancePreRegisteredEvent;
import org.springframework.cloud.client.discovery.event.InstanceRegisteredEvent;
import org.springframework.cloud.client.serviceregistry.RegistrationLifecycle;
import org.springframework.cloud.client.serviceregistry.RegistrationManagementLifecycle;
import org.springframework.cloud.context.environment.EnvironmentChangeEvent;
import org.springframework.cloud.context.restart.PauseHandler;
import org.springframework.cloud.context.restart.RestartEndpoint;
import org.springframework.context.ApplicationContext;
import org.springframework.context.ApplicationContextInitializer;
import org.springframework.context.ApplicationListener;
import org.springframework.context.ConfigurableApplicationContext;
import org.springframework.context.SmartLifecycle;
import org.springframework.context.annotation.AnnotationConfigApplicationContext;
import org.springframework.context.annotation.Bean;
import org.springframework.context.annotation.Configuration;
import org.springframework.context.support.GenericApplicationContext;
import org.springframework.web.bind.annotation.GetMapping;
import org.springframework.web.bind.annotation.RestController;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalStateException;

/**
 * When an application is in etcd and when it is not, seen from etcd.
 */
@Timeout(120)
@ExtendWith(OutputCaptureExtension.class)
class RegistrationLifecycleIntegrationTests {

	@RegisterExtension
	private static final EtcdExtension etcd = EtcdExtension.single();

	private static final Map<String, Object> MANAGEMENT_SERVER = Map.of("management.server.port", "0",
			"management.server.address", "127.0.0.1");

	private static final HttpClient http = HttpClient.newHttpClient();

	/**
	 * Patient, since a build shares its machine.
	 */
	private static ConditionFactory await() {
		return Awaitility.await().atMost(Duration.ofSeconds(30));
	}

	private static SpringApplication application(WebApplicationType type, Map<String, Object> properties) {
		SpringApplication application = new SpringApplication(Application.class);
		application.setWebApplicationType(type);
		application.setBannerMode(Banner.Mode.OFF);
		application.setDefaultProperties(properties(properties));
		return application;
	}

	private static Map<String, Object> properties(Map<String, Object> properties) {
		Map<String, Object> all = new HashMap<>();
		all.put("spring.application.name", "app");
		all.put("spring.cloud.etcd.endpoints", etcd.clientUrl());
		all.put("spring.cloud.etcd.discovery.drain", "0s");
		all.put("server.address", "127.0.0.1");
		all.put("server.port", "0");
		all.put("management.endpoint.health.show-details", "always");
		all.putAll(properties);
		return all;
	}

	private static JsonNode awaitOnly(String service) {
		return await().until(() -> onlyValue(service), (value) -> value != null);
	}

	private static void awaitStatus(String service, String status) {
		await().until(() -> onlyValue(service),
				(value) -> value != null && value.path("status").stringValue().equals(status));
	}

	private static @Nullable JsonNode onlyValue(String service) {
		List<String> values = List.copyOf(etcd.admin().values("services/" + service + "/").values());
		return (values.size() == 1) ? JsonMapper.shared().readTree(values.get(0)) : null;
	}

	private static void assertNoWarning(CapturedOutput output) {
		assertThat(output.getAll().lines().filter((line) -> line.contains(" WARN ") && line.contains("etcddiscovery")))
			.isEmpty();
	}

	private static String onlyKey() {
		return onlyKey("");
	}

	private static String onlyKey(String service) {
		List<String> keys = etcd.admin().keys("services/" + service);
		assertThat(keys).hasSize(1);
		return keys.get(0);
	}

	private static int port(ConfigurableApplicationContext context) {
		return context.getEnvironment().getRequiredProperty("local.server.port", Integer.class);
	}

	private static int managementPort(ConfigurableApplicationContext context) {
		return context.getEnvironment().getRequiredProperty("local.management.port", Integer.class);
	}

	private static void setStatus(ConfigurableApplicationContext context, String json) {
		URI uri = URI.create("http://127.0.0.1:%d/actuator/serviceregistry".formatted(port(context)));
		send(HttpRequest.newBuilder(uri)
			.header("Content-Type", "application/json")
			.POST(HttpRequest.BodyPublishers.ofString(json))
			.build());
	}

	private static String post(ConfigurableApplicationContext context, String endpoint) {
		URI uri = URI.create("http://127.0.0.1:%d/actuator/%s".formatted(port(context), endpoint));
		return send(HttpRequest.newBuilder(uri).POST(HttpRequest.BodyPublishers.noBody()).build());
	}

	private static HttpRequest get(int port, String path) {
		return HttpRequest.newBuilder(URI.create("http://127.0.0.1:" + port + path)).build();
	}

	private static String send(HttpRequest request) {
		HttpResponse<String> response = http.sendAsync(request, HttpResponse.BodyHandlers.ofString()).join();
		assertThat(response.statusCode()).isBetween(200, 299);
		return response.body();
	}

	private static void listen(GenericApplicationContext context, List<Object> events) {
		context.addApplicationListener((ApplicationListener<InstancePreRegisteredEvent>) events::add);
		context.addApplicationListener((ApplicationListener<InstanceRegisteredEvent<?>>) events::add);
	}

	/**
	 * It is registered when it accepts traffic, once, with the port that it has.
	 */
	@Nested
	class Start extends Fixture {

		@Test
		void registersItsRealPortOnceItAcceptsTraffic() {
			List<String> keysWhileStarting = new CopyOnWriteArrayList<>(List.of("runner did not run"));
			ConfigurableApplicationContext context = run(WebApplicationType.SERVLET, Map.of(),
					(bean) -> bean.registerBean(ApplicationRunner.class, () -> (arguments) -> {
						keysWhileStarting.clear();
						keysWhileStarting.addAll(etcd.admin().keys("services/"));
					}));
			JsonNode value = awaitOnly("app");
			assertThat(keysWhileStarting).isEmpty();
			assertThat(value.path("port").intValue()).isEqualTo(port(context)).isPositive();
			assertThat(value.path("host").stringValue()).as("where it listens").isEqualTo("127.0.0.1");
			assertThat(value.path("status").stringValue()).isEqualTo("UP");
			assertThat(etcd.admin().keys("services/"))
				.containsExactly("services/app/" + value.path("id").stringValue());
		}

		@Test
		void hasItsLeaseBeforeItRegistersAndGivesItUpIfItNeverDoes() {
			Set<Long> before = Set.copyOf(etcd.admin().leases());
			List<Long> prepared = new ArrayList<>();
			SpringApplication application = application(WebApplicationType.SERVLET, Map.of());
			application.addInitializers((ApplicationContextInitializer<GenericApplicationContext>) (context) -> context
				.registerBean(ApplicationRunner.class, () -> (arguments) -> {
					await().until(() -> !before.containsAll(etcd.admin().leases()));
					prepared.addAll(etcd.admin().leases());
					prepared.removeAll(before);
					assertThat(etcd.admin().keys("services/app/")).isEmpty();
					throw new IllegalStateException("It never accepts traffic");
				}));
			assertThatIllegalStateException().isThrownBy(application::run);
			assertThat(prepared).hasSize(1);
			assertThat(etcd.admin().leases()).doesNotContainAnyElementsOf(prepared);
		}

		@Test
		void registersOnceWhenTheManagementServerHasTheSamePort() {
			String port = String.valueOf(FreePorts.next());
			ConfigurableApplicationContext context = run(WebApplicationType.SERVLET,
					Map.of("server.port", port, "management.server.port", port), (bean) -> {
					});
			assertThat(awaitOnly("app").path("port").intValue()).isEqualTo(port(context));
			assertThat(etcd.admin().keys("services/")).hasSize(1);
		}

		@Test
		void registersTheManagementPortThatIsSet() {
			String port = String.valueOf(FreePorts.next());
			ConfigurableApplicationContext context = run(WebApplicationType.SERVLET,
					Map.of("management.server.port", port), (bean) -> {
					});
			assertThat(awaitOnly("app").path("port").intValue()).isEqualTo(port(context));
			assertThat(awaitOnly("app-management").path("port").asString()).isEqualTo(port);
			context.close();
			assertThat(etcd.admin().keys("services/")).isEmpty();
		}

		@Test
		void registersWhenAllBeansAreLazy() {
			ConfigurableApplicationContext context = run(WebApplicationType.SERVLET,
					Map.of("spring.main.lazy-initialization", "true"), (bean) -> {
					});
			assertThat(awaitOnly("app").path("port").intValue()).isEqualTo(port(context));
			context.close();
			assertThat(etcd.admin().keys("services/")).isEmpty();
		}

		@Test
		void doesNotRegisterTheManagementPortWhenThatIsSwitchedOff() {
			ConfigurableApplicationContext context = run(WebApplicationType.SERVLET, Map.of("management.server.port",
					"0", "spring.cloud.service-registry.auto-registration.register-management", "false"), (bean) -> {
					});
			assertThat(awaitOnly("app").path("port").intValue()).isEqualTo(port(context));
			assertThat(etcd.admin().keys("services/")).hasSize(1);
		}

		@Test
		void registersWhatTheApplicationGivesItWithTheWebServersPort() {
			EtcdServiceInstance given = new EtcdServiceInstance("mine", "one", "10.1.2.3", 0, true, InstanceStatus.UP,
					Map.of("team", "blue"));
			ConfigurableApplicationContext context = run(WebApplicationType.SERVLET,
					Map.of("spring.cloud.etcd.discovery.metadata.team", "red"),
					(bean) -> bean.registerBean(EtcdRegistration.class, () -> new EtcdRegistration(given)));
			awaitOnly("mine");
			await().until(() -> context.getBean(DiscoveryClient.class)
				.getInstances("mine")
				.equals(List.of(given.withPort(port(context)))));
			long revision = etcd.admin().revision();
			context
				.publishEvent(new EnvironmentChangeEvent(context, Set.of("spring.cloud.etcd.discovery.metadata.team")));
			context.getBean(EtcdServiceRegistry.class).setMetadata(context.getBean(EtcdRegistration.class), Map.of());
			await().until(() -> etcd.admin().revision() > revision);
			assertThat(etcd.admin().revision()).as("one change, of the metadata").isEqualTo(revision + 1);
			context.stop();
			context.start();
			assertThat(awaitOnly("mine").path("port").intValue()).isEqualTo(port(context));
			assertThat(etcd.admin().keys("services/")).containsExactly("services/mine/one");
		}

		@Test
		void registersAReactiveApplication() {
			ConfigurableApplicationContext context = run(WebApplicationType.REACTIVE, Map.of(), (bean) -> {
			});
			assertThat(awaitOnly("app").path("port").intValue()).isEqualTo(port(context)).isPositive();
			context.close();
			assertThat(etcd.admin().keys("services/")).isEmpty();
		}

		@Test
		void registersWithoutAWebServerOnlyWhenAPortIsSet(CapturedOutput output) {
			List<Object> events = new CopyOnWriteArrayList<>();
			run(WebApplicationType.NONE, Map.of("spring.application.name", "silent"), (bean) -> listen(bean, events));
			assertThat(output).containsOnlyOnce(
					"Not registered: there is no web server; set 'spring.cloud.etcd.discovery.port' to register");
			assertThat(events).hasSize(1)
				.allSatisfy((event) -> assertThat(event).isInstanceOf(InstanceRegisteredEvent.class));
			run(WebApplicationType.NONE, Map.of("spring.cloud.etcd.discovery.port", "9999"), (bean) -> {
			});
			assertThat(awaitOnly("app").path("port").intValue()).isEqualTo(9999);
			assertThat(etcd.admin().keys("services/silent/")).isEmpty();
		}

		@Test
		void registersAWarUnderThePortThatIsSet(@TempDir Path directory) throws Exception {
			Map<String, Object> properties = properties(
					Map.of("spring.cloud.etcd.discovery.port", "8443", "spring.cloud.etcd.discovery.scheme", "https"));
			SpringBootServletInitializer war = new SpringBootServletInitializer() {

				@Override
				protected SpringApplicationBuilder configure(SpringApplicationBuilder builder) {
					return builder.sources(Application.class).properties(properties);
				}

			};
			Tomcat tomcat = new Tomcat();
			tomcat.setBaseDir(directory.toString());
			tomcat.setHostname("127.0.0.1");
			tomcat.addContext("", directory.toString())
				.addServletContainerInitializer((classes, servletContext) -> war.onStartup(servletContext), Set.of());
			try {
				tomcat.start();
				assertThat(awaitOnly("app").path("port").intValue()).isEqualTo(8443);
			}
			finally {
				tomcat.stop();
			}
			assertThat(etcd.admin().keys("services/")).isEmpty();
			assertThat(etcd.admin().leases()).isEmpty();
		}

		@Test
		void saysSoWhenItDoesNotRegisterByConfiguration() {
			List<Object> events = new CopyOnWriteArrayList<>();
			ConfigurableApplicationContext context = run(WebApplicationType.SERVLET,
					Map.of("spring.cloud.etcd.discovery.register", "false"), (bean) -> listen(bean, events));
			assertThat(events).singleElement().isInstanceOf(InstanceRegisteredEvent.class);
			// Or the indicator would say UNKNOWN for ever
			JsonNode health = JsonMapper.shared().readTree(send(get(port(context), "/actuator/health")));
			assertThat(health.at("/components/discoveryComposite/status").stringValue()).isEqualTo("UP");
			assertThat(etcd.admin().keys("services/")).isEmpty();
		}

		@Test
		void tellsRegistrationLifecyclesAndListeners() {
			List<Object> calls = new CopyOnWriteArrayList<>();
			ConfigurableApplicationContext context = run(WebApplicationType.SERVLET, MANAGEMENT_SERVER, (bean) -> {
				bean.registerBean(Lifecycle.class, () -> new Lifecycle(calls::add));
				bean.registerBean(ManagementLifecycle.class, () -> new ManagementLifecycle(calls::add));
				listen(bean, calls);
			});
			assertThat(calls.stream().map((call) -> (call instanceof String) ? call : call.getClass().getSimpleName()))
				.containsExactly("InstancePreRegisteredEvent", "before start app", "after start app",
						"before start app-management", "after start app-management", "InstanceRegisteredEvent");
			calls.clear();
			awaitOnly("app-management");
			context.close();
			assertThat(calls).containsExactly("before stop app", "after stop app", "before stop app-management",
					"after stop app-management");
		}

	}

	/**
	 * It gets no calls while it refuses traffic.
	 */
	@Nested
	class Readiness extends Fixture {

		@Test
		void isOutOfServiceWhileItRefusesTraffic() {
			ConfigurableApplicationContext context = run(WebApplicationType.NONE,
					Map.of("spring.cloud.etcd.discovery.port", "8080"), (bean) -> {
					});
			awaitStatus("app", "UP");
			long lease = etcd.admin().leaseOf(onlyKey());
			AvailabilityChangeEvent.publish(context, ReadinessState.REFUSING_TRAFFIC);
			awaitStatus("app", "OUT_OF_SERVICE");
			AvailabilityChangeEvent.publish(context, ReadinessState.ACCEPTING_TRAFFIC);
			awaitStatus("app", "UP");
			// Spring Boot's documentation has applications name any object as the source
			AvailabilityChangeEvent.publish(context, this, ReadinessState.REFUSING_TRAFFIC);
			awaitStatus("app", "OUT_OF_SERVICE");
			AvailabilityChangeEvent.publish(context, this, ReadinessState.ACCEPTING_TRAFFIC);
			awaitStatus("app", "UP");
			assertThat(etcd.admin().leaseOf(onlyKey())).isEqualTo(lease);
		}

		@Test
		void writesNothingWhileReadinessFlaps() {
			ConfigurableApplicationContext context = run(WebApplicationType.NONE,
					Map.of("spring.cloud.etcd.discovery.port", "8080"), (bean) -> {
					});
			awaitStatus("app", "UP");
			AvailabilityChangeEvent.publish(context, ReadinessState.REFUSING_TRAFFIC);
			awaitStatus("app", "OUT_OF_SERVICE");
			long revision = etcd.admin().revision();
			for (int i = 0; i < 5; i++) {
				AvailabilityChangeEvent.publish(context, ReadinessState.ACCEPTING_TRAFFIC);
				AvailabilityChangeEvent.publish(context, ReadinessState.REFUSING_TRAFFIC);
			}
			AvailabilityChangeEvent.publish(context, ReadinessState.ACCEPTING_TRAFFIC);
			awaitStatus("app", "UP");
			assertThat(etcd.admin().revision()).isEqualTo(revision + 1);
		}

		@Test
		void changesItsStatusByTheEndpoint() {
			ConfigurableApplicationContext context = run(WebApplicationType.SERVLET,
					Map.of("management.endpoints.web.exposure.include", "serviceregistry"), (bean) -> {
					});
			awaitStatus("app", "UP");
			assertThat(send(get(port(context), "/actuator/serviceregistry"))).isEqualTo("{\"status\":\"UP\"}");
			setStatus(context, "{\"status\":\"OUT_OF_SERVICE\"}");
			awaitStatus("app", "OUT_OF_SERVICE");
			assertThat(send(get(port(context), "/actuator/serviceregistry")))
				.isEqualTo("{\"status\":\"OUT_OF_SERVICE\"}");
			// What a person decided outlives what readiness says
			AvailabilityChangeEvent.publish(context, ReadinessState.REFUSING_TRAFFIC);
			AvailabilityChangeEvent.publish(context, ReadinessState.ACCEPTING_TRAFFIC);
			assertThat(context.getBean(EtcdRegistration.class).published().getStatus()).hasToString("OUT_OF_SERVICE");
			setStatus(context, "{\"status\":\"up\"}");
			awaitStatus("app", "UP");
		}

	}

	/**
	 * It says goodbye first, is gone next, and ends last.
	 */
	@Nested
	class Stop extends Fixture {

		@Test
		void isGoneFromEtcdWhileTheLastRequestsAreServed() throws Exception {
			ConfigurableApplicationContext context = run(WebApplicationType.SERVLET,
					Map.of("spring.cloud.etcd.discovery.drain", "100ms"), (bean) -> {
					});
			awaitOnly("app");
			SlowController controller = context.getBean(SlowController.class);
			CompletableFuture<HttpResponse<String>> answer = http.sendAsync(get(port(context), "/slow"),
					HttpResponse.BodyHandlers.ofString());
			assertThat(controller.entered.await(10, TimeUnit.SECONDS)).isTrue();
			CompletableFuture<Void> closed = CompletableFuture.runAsync(context::close);
			await().until(() -> etcd.admin().keys("services/").isEmpty());
			assertThat(answer).isNotDone();
			assertThat(closed).isNotDone();
			controller.release.countDown();
			assertThat(answer.get(10, TimeUnit.SECONDS).body()).isEqualTo("served");
			closed.get(10, TimeUnit.SECONDS);
			assertThat(etcd.admin().leases()).isEmpty();
		}

		@Test
		void isOutOfServiceFirstThenGoneThenTheWebServerEnds() {
			List<Object> calls = new CopyOnWriteArrayList<>();
			AtomicInteger port = new AtomicInteger();
			ConfigurableApplicationContext context = run(WebApplicationType.SERVLET, Map.of(),
					(bean) -> bean.registerBean(Lifecycle.class, () -> new Lifecycle((call) -> {
						if (call.contains("stop")) {
							calls.add(call);
							calls.addAll(etcd.admin().values("services/").values());
							calls.add(send(get(port.get(), "/fast")));
						}
					})));
			port.set(port(context));
			awaitOnly("app");
			context.close();
			assertThat(calls).hasSize(5);
			assertThat(calls.get(0)).isEqualTo("before stop app");
			assertThat(calls.get(1)).asString().contains("\"status\":\"OUT_OF_SERVICE\"");
			assertThat(calls.subList(2, 5)).containsExactly("served", "after stop app", "served");
		}

		@Test
		void doesNotComeBackOnceItHasBegunToStop() {
			ConfigurableApplicationContext context = run(WebApplicationType.NONE,
					Map.of("spring.cloud.etcd.discovery.port", "8080", "spring.cloud.etcd.discovery.drain", "3s"),
					(bean) -> bean.registerBean(LastWord.class, () -> new LastWord(bean)));
			awaitStatus("app", "UP");
			AvailabilityChangeEvent.publish(context, ReadinessState.REFUSING_TRAFFIC);
			awaitStatus("app", "OUT_OF_SERVICE");
			long revision = etcd.admin().revision();
			context.close();
			assertThat(etcd.admin().keys("services/")).isEmpty();
			// One deletion, and no UP before it
			assertThat(etcd.admin().revision()).isEqualTo(revision + 1);
		}

	}

	/**
	 * A context that is stopped lets go of etcd and is back when it is started.
	 */
	@Nested
	class StopAndStart extends Fixture {

		@Test
		void registersAgainWhenItsContextIsStoppedAndStarted(CapturedOutput output) {
			ConfigurableApplicationContext context = run(WebApplicationType.SERVLET, MANAGEMENT_SERVER, (bean) -> {
			});
			awaitOnly("app");
			assertThat(awaitOnly("app-management").path("host").stringValue()).isEqualTo("127.0.0.1");
			context.stop();
			assertThat(etcd.admin().keys("services/")).isEmpty();
			context.start();
			assertThat(awaitOnly("app").path("port").intValue()).isEqualTo(port(context));
			assertThat(awaitOnly("app-management").path("port").intValue()).isEqualTo(managementPort(context));
			awaitStatus("app", "UP");
			context.close();
			assertThat(etcd.admin().keys("services/")).isEmpty();
			assertNoWarning(output);
		}

		@ParameterizedTest
		@EnumSource(WatchScope.class)
		void letsGoOfEtcdWhileItsContextIsStopped(WatchScope scope, CapturedOutput output) {
			try (TcpProxy proxy = TcpProxy.to(etcd.clientUrl())) {
				ConfigurableApplicationContext context = run(WebApplicationType.SERVLET, Map
					.of("spring.cloud.etcd.endpoints", proxy.url(), "spring.cloud.etcd.discovery.watch-scope", scope),
						(bean) -> {
						});
				awaitOnly("app");
				DiscoveryClient discovery = context.getBean(DiscoveryClient.class);
				await().until(() -> discovery.getInstances("app").size() == 1);
				etcd.admin().put("services/other", "http://127.0.0.1:1");
				await().until(() -> discovery.getInstances("other").size() == 1);
				context.stop();
				assertThat(etcd.admin().leases()).isEmpty();
				await().until(() -> proxy.connections() == 0);
				long connectionsBefore = proxy.acceptedConnections();
				etcd.admin().put("services/other", "http://127.0.0.1:2");
				// What was known is still answered, and a new question leads to no call
				// either
				assertThat(discovery.getInstances("other")).singleElement()
					.extracting(ServiceInstance::getPort)
					.isEqualTo(1);
				assertThat(discovery.getInstances("unknown")).isEmpty();
				await().during(Duration.ofSeconds(2)).until(() -> proxy.acceptedConnections() == connectionsBefore);
				context.start();
				awaitStatus("app", "UP");
				await().untilAsserted(() -> {
					assertThat(discovery.getInstances("other")).singleElement()
						.extracting(ServiceInstance::getPort)
						.isEqualTo(2);
					assertThat(discovery.getInstances("app")).singleElement()
						.extracting(ServiceInstance::getPort)
						.isEqualTo(port(context));
				});
				etcd.admin().put("services/unknown", "http://127.0.0.1:3");
				await().until(() -> discovery.getInstances("unknown").size() == 1);
				context.close();
				assertThat(etcd.admin().keys("services/app/")).isEmpty();
				assertNoWarning(output);
			}
		}

		@Test
		void staysRegisteredWhileItsContextIsPaused() {
			ConfigurableApplicationContext context = run(WebApplicationType.SERVLET, Map.of(), (bean) -> {
			});
			awaitOnly("app");
			long revision = etcd.admin().revision();
			context.pause();
			etcd.admin().put("services/other", "http://127.0.0.1:1");
			await().until(() -> context.getBean(DiscoveryClient.class).getInstances("other").size() == 1);
			context.restart();
			assertThat(etcd.admin().entry(onlyKey("app")).getModRevision()).isLessThanOrEqualTo(revision);
		}

		@Test
		void staysRegisteredWhenItIsPausedByTheEndpoint() {
			ConfigurableApplicationContext context = run(WebApplicationType.SERVLET,
					Map.of("management.endpoints.web.exposure.include", "restart,pause,resume",
							"management.endpoint.restart.access", "unrestricted"),
					(bean) -> {
					});
			awaitOnly("app");
			long revision = etcd.admin().revision();
			assertThat(post(context, "pause")).isEqualTo("true");
			assertThat(post(context, "resume")).isEqualTo("false");
			assertThat(context.getBean(EtcdRegistration.class).published().getStatus()).hasToString("UP");
			assertThat(etcd.admin().revision()).isEqualTo(revision);
		}

		@Test
		void isGoneWhileAPauseHandlerKeepsItsContextStopped() {
			ConfigurableApplicationContext context = run(WebApplicationType.SERVLET,
					Map.of("management.endpoints.web.exposure.include", "restart,pause,resume",
							"management.endpoint.restart.access", "unrestricted"),
					(bean) -> bean.registerBean(StoppingPauseHandler.class, () -> new StoppingPauseHandler(bean)));
			awaitOnly("app");
			assertThat(context.getBean(RestartEndpoint.PauseEndpoint.class).pause()).isTrue();
			assertThat(etcd.admin().keys("services/")).isEmpty();
			assertThat(context.getBean(RestartEndpoint.ResumeEndpoint.class).resume()).isTrue();
			assertThat(awaitOnly("app").path("port").intValue()).isEqualTo(port(context));
		}

		@Test
		void registersAnewWhenItIsRestartedByTheEndpoint() {
			SpringApplication application = application(WebApplicationType.SERVLET,
					Map.of("management.endpoints.web.exposure.include", "restart", "management.endpoint.restart.access",
							"unrestricted"));
			List<ConfigurableApplicationContext> started = new CopyOnWriteArrayList<>();
			application.addListeners((ApplicationListener<ApplicationReadyEvent>) (event) -> {
				started.add(event.getApplicationContext());
				this.contexts.add(event.getApplicationContext());
			});
			ConfigurableApplicationContext first = run(application, (bean) -> {
			});
			awaitOnly("app");
			String firstKey = onlyKey("app");
			post(first, "restart");
			await().until(() -> started.size() == 2);
			await().until(() -> etcd.admin().get(firstKey) == null);
			ConfigurableApplicationContext second = started.get(1);
			assertThat(first.isActive()).isFalse();
			assertThat(awaitOnly("app").path("port").intValue()).isEqualTo(port(second));
			await().until(() -> second.getBean(DiscoveryClient.class).getInstances("app").size() == 1);
			second.close();
			assertThat(etcd.admin().keys("services/")).isEmpty();
			assertThat(etcd.admin().leases()).isEmpty();
		}

	}

	/**
	 * One application is one registration, however many contexts it has.
	 */
	@Nested
	class Hierarchies extends Fixture {

		@Test
		void isNotMovedByItsChildContexts() {
			ConfigurableApplicationContext context = run(WebApplicationType.SERVLET, Map.of(), (bean) -> {
			});
			awaitOnly("app");
			long revision = etcd.admin().revision();
			try (AnnotationConfigApplicationContext child = new AnnotationConfigApplicationContext()) {
				child.setParent(context);
				child.refresh();
			}
			ConfigurableApplicationContext application = new SpringApplicationBuilder(Empty.class).parent(context)
				.web(WebApplicationType.NONE)
				.bannerMode(Banner.Mode.OFF)
				.run();
			AvailabilityChangeEvent.publish(application, ReadinessState.REFUSING_TRAFFIC);
			application.close();
			assertThat(context.getBean(EtcdRegistration.class).published().getStatus()).hasToString("UP");
			assertThat(etcd.admin().revision()).isEqualTo(revision);
		}

		@Test
		void registersOnlyTheChildOfAPlainParent() {
			ConfigurableApplicationContext parent = new SpringApplicationBuilder(Empty.class)
				.web(WebApplicationType.NONE)
				.bannerMode(Banner.Mode.OFF)
				.run();
			this.contexts.add(parent);
			ConfigurableApplicationContext child = run(application(WebApplicationType.SERVLET, Map.of()),
					(bean) -> bean.setParent(parent));
			assertThat(awaitOnly("app").path("port").intValue()).isEqualTo(port(child));
			child.close();
			assertThat(etcd.admin().keys("services/")).isEmpty();
		}

		@Test
		void registersOnceWhenParentAndChildBothHaveTheStarter() {
			ConfigurableApplicationContext parent = run(
					application(WebApplicationType.NONE, Map.of("spring.cloud.etcd.discovery.port", "8080")),
					(bean) -> {
					});
			awaitOnly("app");
			long lease = etcd.admin().leaseOf(onlyKey("app"));
			ConfigurableApplicationContext child = run(application(WebApplicationType.SERVLET, Map.of()),
					(bean) -> bean.setParent(parent));
			assertThat(child.getBean(DiscoveryClient.class).getInstances("app")).hasSize(1);
			child.close();
			assertThat(awaitOnly("app").path("port").intValue()).isEqualTo(8080);
			assertThat(etcd.admin().leaseOf(onlyKey("app"))).isEqualTo(lease);
			parent.close();
			assertThat(etcd.admin().keys("services/")).isEmpty();
		}

		@Test
		void registersTwoApplicationsOfOneJvm() {
			ConfigurableApplicationContext one = run(WebApplicationType.SERVLET, Map.of(), (bean) -> {
			});
			awaitOnly("app");
			ConfigurableApplicationContext other = run(WebApplicationType.REACTIVE, Map.of(), (bean) -> {
			});
			await().until(() -> etcd.admin().keys("services/app/").size() == 2);
			List<String> keys = etcd.admin().keys("services/app/");
			assertThat(etcd.admin().leaseOf(keys.get(0))).isNotEqualTo(etcd.admin().leaseOf(keys.get(1)));
			one.close();
			assertThat(awaitOnly("app").path("port").intValue()).isEqualTo(port(other));
		}

	}

	/**
	 * What each test begins with.
	 */
	abstract static class Fixture {

		final List<ConfigurableApplicationContext> contexts = new ArrayList<>();

		@AfterEach
		void closeContexts() {
			this.contexts.forEach(ConfigurableApplicationContext::close);
		}

		ConfigurableApplicationContext run(WebApplicationType type, Map<String, Object> properties,
				Consumer<GenericApplicationContext> beans) {
			return run(application(type, properties), beans);
		}

		ConfigurableApplicationContext run(SpringApplication application, Consumer<GenericApplicationContext> beans) {
			ApplicationContextInitializer<GenericApplicationContext> initializer = beans::accept;
			application.addInitializers(initializer);
			ConfigurableApplicationContext context = application.run();
			this.contexts.add(context);
			return context;
		}

	}

	@Configuration(proxyBeanMethods = false)
	@EnableAutoConfiguration
	static class Application {

		@Bean
		SlowController slowController() {
			return new SlowController();
		}

	}

	@Configuration(proxyBeanMethods = false)
	static class Empty {

	}

	/**
	 * Answers slowly when it is told to.
	 */
	@RestController
	static class SlowController {

		private final CountDownLatch entered = new CountDownLatch(1);

		private final CountDownLatch release = new CountDownLatch(1);

		@GetMapping("/slow")
		String slow() throws InterruptedException {
			this.entered.countDown();
			assertThat(this.release.await(30, TimeUnit.SECONDS)).isTrue();
			return "served";
		}

		@GetMapping("/fast")
		String fast() {
			return "served";
		}

	}

	/**
	 * Says that traffic is accepted right before the registration is stopped.
	 */
	private record LastWord(ApplicationContext context) implements SmartLifecycle {

		@Override
		public void start() {
		}

		@Override
		public void stop() {
			AvailabilityChangeEvent.publish(this.context, ReadinessState.ACCEPTING_TRAFFIC);
		}

		@Override
		public boolean isRunning() {
			return true;
		}

		@Override
		public int getPhase() {
			return EtcdAutoServiceRegistration.PHASE + 1;
		}

	}

	/**
	 * What an application may do when it is paused; Spring Cloud itself pauses Spring
	 * Integration alone.
	 */
	private record StoppingPauseHandler(ConfigurableApplicationContext context) implements PauseHandler {

		@Override
		public void pause() {
			this.context.stop();
		}

		@Override
		public void resume() {
			this.context.start();
		}

	}

	private record Lifecycle(Consumer<String> calls) implements RegistrationLifecycle<EtcdRegistration> {

		@Override
		public void postProcessBeforeStartRegister(EtcdRegistration registration) {
			this.calls.accept("before start " + registration.getServiceId());
		}

		@Override
		public void postProcessAfterStartRegister(EtcdRegistration registration) {
			this.calls.accept("after start " + registration.getServiceId());
		}

		@Override
		public void postProcessBeforeStopRegister(EtcdRegistration registration) {
			this.calls.accept("before stop " + registration.getServiceId());
		}

		@Override
		public void postProcessAfterStopRegister(EtcdRegistration registration) {
			this.calls.accept("after stop " + registration.getServiceId());
		}

	}

	private record ManagementLifecycle(
			Consumer<String> calls) implements RegistrationManagementLifecycle<EtcdRegistration> {

		@Override
		public void postProcessBeforeStartRegister(EtcdRegistration registration) {
		}

		@Override
		public void postProcessAfterStartRegister(EtcdRegistration registration) {
		}

		@Override
		public void postProcessBeforeStopRegister(EtcdRegistration registration) {
		}

		@Override
		public void postProcessAfterStopRegister(EtcdRegistration registration) {
		}

		@Override
		public void postProcessBeforeStartRegisterManagement(EtcdRegistration registration) {
			this.calls.accept("before start " + registration.getServiceId());
		}

		@Override
		public void postProcessAfterStartRegisterManagement(EtcdRegistration registration) {
			this.calls.accept("after start " + registration.getServiceId());
		}

		@Override
		public void postProcessBeforeStopRegisterManagement(EtcdRegistration registration) {
			this.calls.accept("before stop " + registration.getServiceId());
		}

		@Override
		public void postProcessAfterStopRegisterManagement(EtcdRegistration registration) {
			this.calls.accept("after stop " + registration.getServiceId());
		}

	}

}
