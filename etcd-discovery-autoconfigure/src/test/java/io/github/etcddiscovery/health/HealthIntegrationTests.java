package io.github.etcddiscovery.health;

import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.time.Duration;
import java.util.HashMap;
import java.util.Map;
import java.util.function.Predicate;

import io.github.etcddiscovery.testing.EtcdExtension;
import org.awaitility.Awaitility;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.extension.RegisterExtension;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

import org.springframework.boot.Banner;
import org.springframework.boot.SpringApplication;
import org.springframework.boot.WebApplicationType;
import org.springframework.boot.autoconfigure.EnableAutoConfiguration;
import org.springframework.boot.health.actuate.endpoint.HealthEndpointGroups;
import org.springframework.context.ConfigurableApplicationContext;
import org.springframework.context.annotation.Configuration;

import static org.assertj.core.api.Assertions.assertThat;

/**
 * What a probe reads.
 */
@Timeout(120)
class HealthIntegrationTests {

	@RegisterExtension
	static final EtcdExtension etcd = EtcdExtension.single();

	private static final HttpClient http = HttpClient.newHttpClient();

	@Test
	void staysUpWithDetailsWhileEtcdIsAway() {
		try (ConfigurableApplicationContext context = run(WebApplicationType.SERVLET, Map.of())) {
			JsonNode health = await(context, "", (now) -> now.at("/components/etcd/status").asString().equals("UP"));
			assertThat(health.at("/components/etcd/details/reachable").asBoolean()).isTrue();
			assertThat(health.at("/components/etcd/details/revision").asLong()).isPositive();
			etcd.cluster().kill();
			health = await(context, "", (now) -> !now.at("/components/etcd/details/reachable").asBoolean());
			assertThat(health.at("/components/etcd/status").asString()).isEqualTo("UP");
			assertThat(health.at("/components/etcd/details/reason").asString()).isNotEmpty();
			assertThat(health.at("/components/etcd/details/revision").asLong()).isPositive();
			assertThat(health.at("/components/discoveryComposite/status").asString()).isEqualTo("UP");
			assertThat(health.at("/status").asString()).isEqualTo("UP");
			for (String probe : new String[] { "/liveness", "/readiness" }) {
				assertThat(get(context, probe).at("/status").asString()).as(probe).isEqualTo("UP");
			}
			HealthEndpointGroups groups = context.getBean(HealthEndpointGroups.class);
			assertThat(groups.getNames()).contains("liveness", "readiness")
				.allSatisfy((name) -> assertThat(groups.get(name).isMember("etcd")).as(name).isFalse());
			etcd.cluster().start();
			await(context, "", (now) -> now.at("/components/etcd/details/stalenessSeconds").asDouble() == 0);
		}
	}

	@Test
	void isPartOfReadinessOfAReactiveApplicationWhenThatIsWanted() {
		etcd.cluster().kill();
		try (ConfigurableApplicationContext context = run(WebApplicationType.REACTIVE,
				Map.of("management.endpoint.health.group.readiness.include", "readinessState,etcd"))) {
			JsonNode readiness = await(context, "/readiness", (now) -> now.at("/status").asString().equals("DOWN"));
			assertThat(readiness.at("/components/etcd/details/reachable").asBoolean()).isFalse();
			assertThat(get(context, "/liveness").at("/status").asString()).isEqualTo("UP");
			etcd.cluster().start();
			await(context, "/readiness", (now) -> now.at("/status").asString().equals("UP"));
		}
	}

	private static JsonNode await(ConfigurableApplicationContext context, String path, Predicate<JsonNode> condition) {
		return Awaitility.await().atMost(Duration.ofSeconds(30)).until(() -> get(context, path), condition::test);
	}

	private static JsonNode get(ConfigurableApplicationContext context, String path) {
		String port = context.getEnvironment().getRequiredProperty("local.server.port");
		URI uri = URI.create("http://127.0.0.1:" + port + "/actuator/health" + path);
		HttpResponse<String> response = http
			.sendAsync(HttpRequest.newBuilder(uri).build(), HttpResponse.BodyHandlers.ofString())
			.join();
		JsonNode health = JsonMapper.shared().readTree(response.body());
		assertThat(response.statusCode()).isEqualTo(health.at("/status").asString().equals("DOWN") ? 503 : 200);
		return health;
	}

	private static ConfigurableApplicationContext run(WebApplicationType type, Map<String, Object> properties) {
		SpringApplication application = new SpringApplication(Application.class);
		application.setWebApplicationType(type);
		application.setBannerMode(Banner.Mode.OFF);
		Map<String, Object> all = new HashMap<>(Map.of("spring.application.name", "app", "spring.cloud.etcd.endpoints",
				etcd.clientUrl(), "spring.cloud.etcd.discovery.drain", "0s", "server.address", "127.0.0.1",
				"server.port", "0", "management.endpoint.health.show-details", "always",
				"management.endpoint.health.probes.enabled", "true"));
		all.putAll(properties);
		application.setDefaultProperties(all);
		return application.run();
	}

	@Configuration(proxyBeanMethods = false)
	@EnableAutoConfiguration
	static class Application {

	}

}
