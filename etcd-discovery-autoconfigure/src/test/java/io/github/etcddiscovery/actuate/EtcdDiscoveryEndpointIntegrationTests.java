package io.github.etcddiscovery.actuate;

import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpRequest.BodyPublishers;
import java.net.http.HttpResponse;
import java.time.Duration;

import io.github.etcddiscovery.testing.EtcdExtension;
import org.awaitility.Awaitility;
import org.awaitility.core.ConditionFactory;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeEach;
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
import org.springframework.context.ConfigurableApplicationContext;
import org.springframework.context.annotation.Configuration;

import static org.assertj.core.api.Assertions.assertThat;

/**
 * What the endpoint shows and does, over HTTP.
 */
@Timeout(120)
@ExtendWith(OutputCaptureExtension.class)
class EtcdDiscoveryEndpointIntegrationTests {

	@RegisterExtension
	static final EtcdExtension etcd = EtcdExtension.single();

	private static final String KEY = "services/app/one";

	private static final HttpClient http = HttpClient.newHttpClient();

	private static @Nullable ConfigurableApplicationContext context;

	@BeforeEach
	void start() {
		if (context == null) {
			context = run();
		}
		await().until(() -> etcd.admin().get(KEY) != null
				&& read("").at("/registrations/0/state").asString().equals("REGISTERED"));
	}

	@AfterAll
	static void stop() {
		if (context != null) {
			context.close();
		}
	}

	@Test
	void showsWhatIsRegistered() {
		JsonNode discovery = read("");
		assertThat(discovery.at("/lease/id").asString()).isEqualTo(Long.toHexString(etcd.admin().leaseOf(KEY)));
		assertThat(discovery.at("/lease/state").asString()).isEqualTo("ALIVE");
		assertThat(discovery.at("/lease/remainingSeconds").asDouble()).isBetween(0.0, 15.0);
		assertThat(discovery.at("/registrations")).singleElement().satisfies((registration) -> {
			assertThat(registration.at("/key").asString()).isEqualTo(KEY);
			assertThat(registration.at("/status").asString()).isEqualTo("UP");
			assertThat(registration.at("/uri").asString()).startsWith("http://127.0.0.1:");
		});
		assertThat(read("/../info").at("/etcd/registrations/0").asString()).isEqualTo(KEY);
	}

	@Test
	void showsWhatIsKnownOfOthers() {
		etcd.admin()
			.put("services/orders/a",
					"{\"host\":\"a\",\"port\":80,\"status\":\"DOWN\",\"metadata\":{\"zone\":\"z\",\"token\":\"s3cret\"}}");
		etcd.admin().put("services/orders/\u001b[31m", "nonsense\u0007");
		await().until(() -> read("").at("/rejected").size() == 1);
		JsonNode discovery = read("");
		assertThat(discovery.at("/mirror/synced").asBoolean()).isTrue();
		assertThat(discovery.at("/mirror/revision").asLong()).isPositive();
		assertThat(discovery.at("/mirror/stalenessSeconds").asDouble()).isZero();
		JsonNode instance = discovery.at("/services/orders/instances/0");
		assertThat(instance.at("/id").asString()).isEqualTo("a");
		assertThat(instance.at("/status").asString()).isEqualTo("DOWN");
		assertThat(instance.at("/uri").asString()).isEqualTo("http://a:80");
		assertThat(instance.at("/held").asBoolean()).isFalse();
		assertThat(discovery.at("/rejected").propertyNames()).containsExactly("services/orders/\\u{1b}[31m");
		assertThat(read("/orders").at("/instances")).isEqualTo(discovery.at("/services/orders/instances"));
		assertThat(send(request("/nobody")).statusCode()).isEqualTo(404);
	}

	@Test
	void hidesMetadataThatLooksLikeASecret() {
		String discovery = send(request("")).body();
		assertThat(discovery).contains("\"team\":\"blue\"", "\"db-password\":\"******\"").doesNotContain("s3cret");
		assertThat(etcd.admin().get(KEY)).contains("s3cret");
	}

	@Test
	void setsTheStatus() {
		HttpResponse<String> response = send(post("/app", "{\"status\":\"out-of-service\"}"));
		assertThat(response.statusCode()).isEqualTo(200);
		assertThat(response.body()).contains(KEY, "OUT_OF_SERVICE");
		await().until(() -> String.valueOf(etcd.admin().get(KEY)).contains("OUT_OF_SERVICE"));
		send(post("/app", "{\"status\":\"UP\"}"));
		await().until(() -> String.valueOf(etcd.admin().get(KEY)).contains("\"UP\""));
	}

	@Test
	void refusesAStatusOrAServiceThatThereIsNot() {
		HttpResponse<String> status = send(post("/app", "{\"status\":\"SLEEPY\"}"));
		assertThat(status.statusCode()).isEqualTo(400);
		HttpResponse<String> service = send(post("/orders", "{\"status\":\"DOWN\"}"));
		assertThat(service.statusCode()).isEqualTo(400);
		assertThat(etcd.admin().get(KEY)).contains("\"UP\"");
	}

	@Test
	void listsAgainWhenItIsToRefresh(CapturedOutput output) {
		HttpResponse<String> response = send(post("", "{}"));
		assertThat(response.statusCode()).isEqualTo(204);
		await().until(() -> output.getAll().contains("Synchronised with 'services/*'"));
	}

	private static JsonNode read(String path) {
		HttpResponse<String> response = send(request(path));
		assertThat(response.statusCode()).isEqualTo(200);
		return JsonMapper.shared().readTree(response.body());
	}

	private static HttpRequest request(String path) {
		return HttpRequest.newBuilder(uri(path)).build();
	}

	private static HttpRequest post(String path, String json) {
		return HttpRequest.newBuilder(uri(path))
			.header("Content-Type", "application/json")
			.POST(BodyPublishers.ofString(json))
			.build();
	}

	private static URI uri(String path) {
		assertThat(context).isNotNull();
		String port = context.getEnvironment().getRequiredProperty("local.server.port");
		return URI.create("http://127.0.0.1:" + port + "/actuator/etcddiscovery" + path).normalize();
	}

	private static HttpResponse<String> send(HttpRequest request) {
		return http.sendAsync(request, HttpResponse.BodyHandlers.ofString()).join();
	}

	/**
	 * Patient, since a build shares its machine.
	 */
	private static ConditionFactory await() {
		return Awaitility.await().atMost(Duration.ofSeconds(30));
	}

	private static ConfigurableApplicationContext run() {
		SpringApplication application = new SpringApplication(Application.class);
		application.setWebApplicationType(WebApplicationType.SERVLET);
		application.setBannerMode(Banner.Mode.OFF);
		String discovery = "--spring.cloud.etcd.discovery.";
		return application.run("--spring.application.name=app", "--spring.cloud.etcd.endpoints=" + etcd.clientUrl(),
				discovery + "instance-id=one", discovery + "ip-address=127.0.0.1", discovery + "drain=0s",
				discovery + "metadata.db-password=s3cret", discovery + "metadata.team=blue",
				"--server.address=127.0.0.1", "--server.port=0", "--management.info.etcd.enabled=true",
				"--management.endpoints.web.exposure.include=etcddiscovery,info");
	}

	@Configuration(proxyBeanMethods = false)
	@EnableAutoConfiguration
	static class Application {

	}

}
