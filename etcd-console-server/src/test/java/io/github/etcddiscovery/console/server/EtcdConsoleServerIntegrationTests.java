package io.github.etcddiscovery.console.server;

import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpRequest.BodyPublishers;
import java.net.http.HttpResponse;
import java.net.http.HttpResponse.BodyHandlers;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Base64;
import java.util.stream.Stream;

import io.github.etcddiscovery.testing.EtcdExtension;
import org.awaitility.Awaitility;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.api.extension.RegisterExtension;

import org.springframework.boot.SpringApplication;
import org.springframework.boot.test.system.CapturedOutput;
import org.springframework.boot.test.system.OutputCaptureExtension;
import org.springframework.context.ConfigurableApplicationContext;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatException;

/**
 * Who may see the console that stands on its own, and who may change something.
 */
@Timeout(120)
@ExtendWith(OutputCaptureExtension.class)
class EtcdConsoleServerIntegrationTests {

	private static final String OVERRIDE = "{\"service\":\"orders\",\"instance\":\"a\",\"status\":\"OUT_OF_SERVICE\"}";

	private static final Path ROLES = Path.of("..", "script", "etcd-roles");

	private static final HttpClient http = HttpClient.newHttpClient();

	@RegisterExtension
	static final EtcdExtension etcd = EtcdExtension.single();

	@Test
	void showsTheRegistryAndRegistersNothing() {
		etcd.admin().put("services/orders/a", "h:1");
		try (ConfigurableApplicationContext context = run()) {
			assertThat(send(request(context, "/")).headers().firstValue("Location"))
				.hasValueSatisfying((location) -> assertThat(location).endsWith("/actuator/etcdconsole"));
			assertThat(send(request(context, "/actuator/etcdconsole")).body()).contains("<etcd-console>");
			Awaitility.await()
				.atMost(Duration.ofSeconds(30))
				.until(() -> send(request(context, "/actuator/etcdconsole/state")).body()
					.contains("services/orders/a"));
			assertThat(etcd.admin().keys("")).containsExactly("services/orders/a");
		}
	}

	@Test
	void listensToOthersOnlyWithALoginOrWhenTold(CapturedOutput output) {
		assertThatException().isThrownBy(() -> run("--server.address=0.0.0.0").close())
			.havingRootCause()
			.isInstanceOf(OpenServerCheck.OpenServerException.class);
		assertThat(output).contains("Set 'spring.security.user.name' and 'spring.security.user.password'");
		assertThatException().isThrownBy(() -> run("--management.server.port=0").close())
			.havingRootCause()
			.withMessageContaining("management.server.address");
		run("--server.address=0.0.0.0", "--etcd.console.server.allow-anonymous=true").close();
	}

	@Test
	void asksWhoItIsAndLetsNobodyElseSpeakForThem() {
		etcd.admin().put("services/orders/a", "h:1");
		try (ConfigurableApplicationContext context = run("--server.address=0.0.0.0",
				"--spring.security.user.name=alice", "--spring.security.user.password=s3cret",
				"--management.endpoint.etcdconsole.access=unrestricted")) {
			assertThat(send(request(context, "/actuator/etcdconsole/state")).statusCode()).isEqualTo(401);
			HttpResponse<String> state = send(login(request(context, "/actuator/etcdconsole/state")));
			assertThat(state.statusCode()).isEqualTo(200);
			assertThat(state.headers().firstValue("Content-Security-Policy")).isPresent();
			String token = state.headers()
				.allValues("Set-Cookie")
				.stream()
				.flatMap((cookie) -> Stream.of(cookie.split(";")))
				.filter((part) -> part.startsWith("XSRF-TOKEN="))
				.map((part) -> part.substring("XSRF-TOKEN=".length()))
				.findFirst()
				.orElseThrow();
			Awaitility.await()
				.atMost(Duration.ofSeconds(30))
				.until(() -> send(login(request(context, "/actuator/etcdconsole/state"))).body()
					.contains("services/orders/a"));
			HttpRequest.Builder override = login(request(context, "/actuator/etcdconsole"))
				.header("X-Requested-With", "etcdconsole")
				.header("Content-Type", "application/json")
				.POST(BodyPublishers.ofString(OVERRIDE));
			assertThat(send(override).statusCode()).as("without the token").isIn(401, 403);
			assertThat(etcd.admin().get("overrides/orders/a")).isNull();
			override.header("Cookie", "XSRF-TOKEN=" + token).header("X-XSRF-TOKEN", token);
			assertThat(send(override).statusCode()).isEqualTo(204);
			assertThat(etcd.admin().get("overrides/orders/a")).contains("\"by\":\"alice\"");
		}
	}

	/**
	 * With the least that it needs.
	 */
	@Test
	void showsAllWithTheRoleOfAConsoleAndWritesWithThatOfAnOperator() {
		etcd.admin().put("services/orders/a", "h:1");
		etcd.admin().put("consumers/shop/1", "{\"calls\":[\"orders\"]}");
		etcd.admin().addUser("viewer", "pw");
		etcd.admin().enableAuth();
		etcd.admin().etcdctl("user", "grant-role", "viewer", etcd.admin().run(ROLES, "console"));
		try (ConfigurableApplicationContext context = run("--spring.cloud.etcd.username=viewer",
				"--spring.cloud.etcd.password=pw", "--management.endpoint.etcdconsole.access=unrestricted")) {
			awaitInView(context, "state", "services/orders/a");
			awaitInView(context, "calls", "\"application\":\"shop\"");
			assertThat(override(context)).isEqualTo(400);
			assertThat(etcd.admin().get("overrides/orders/a")).isNull();
			etcd.admin().etcdctl("user", "grant-role", "viewer", etcd.admin().run(ROLES, "operator"));
			Awaitility.await().atMost(Duration.ofSeconds(30)).until(() -> override(context) == 204);
			awaitInView(context, "state", "\"by\":\"somebody\"");
		}
	}

	private static void awaitInView(ConfigurableApplicationContext context, String view, String text) {
		Awaitility.await()
			.atMost(Duration.ofSeconds(30))
			.untilAsserted(
					() -> assertThat(send(request(context, "/actuator/etcdconsole/" + view)).body()).contains(text));
	}

	private static int override(ConfigurableApplicationContext context) {
		HttpResponse<String> token = send(request(context, "/actuator/etcdconsole/csrf"));
		String cookie = token.headers().firstValue("Set-Cookie").orElseThrow().split(";")[0];
		return send(request(context, "/actuator/etcdconsole").header("X-Requested-With", "etcdconsole")
			.header("Content-Type", "application/json")
			.header("Cookie", cookie)
			.header("X-XSRF-TOKEN", cookie.substring("XSRF-TOKEN=".length()))
			.POST(BodyPublishers.ofString(OVERRIDE))).statusCode();
	}

	private static HttpRequest.Builder request(ConfigurableApplicationContext context, String path) {
		String port = context.getEnvironment().getRequiredProperty("local.server.port");
		return HttpRequest.newBuilder(URI.create("http://127.0.0.1:" + port + path));
	}

	private static HttpRequest.Builder login(HttpRequest.Builder request) {
		return request.header("Authorization",
				"Basic " + Base64.getEncoder().encodeToString("alice:s3cret".getBytes(StandardCharsets.UTF_8)));
	}

	private static HttpResponse<String> send(HttpRequest.Builder request) {
		return http.sendAsync(request.build(), BodyHandlers.ofString()).join();
	}

	private static ConfigurableApplicationContext run(String... arguments) {
		return SpringApplication.run(EtcdConsoleServerApplication.class,
				Stream
					.concat(Stream.of("--server.port=0", "--spring.cloud.etcd.endpoints=" + etcd.clientUrl()),
							Stream.of(arguments))
					.toArray(String[]::new));
	}

}
