package io.github.etcddiscovery.console.it;

import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpRequest.BodyPublishers;
import java.net.http.HttpResponse.BodyHandlers;
import java.nio.charset.StandardCharsets;
import java.time.Instant;
import java.util.Base64;
import java.util.List;

import io.github.etcddiscovery.testing.EtcdExtension;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.extension.RegisterExtension;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.openqa.selenium.Keys;

import org.springframework.boot.WebApplicationType;
import org.springframework.cloud.client.ServiceInstance;
import org.springframework.cloud.client.discovery.DiscoveryClient;
import org.springframework.context.ConfigurableApplicationContext;

import static org.assertj.core.api.Assertions.assertThat;

/**
 * What can be changed from the console, for how long, and by whom.
 */
@Timeout(180)
class ActionsIntegrationTests {

	private static final String KEY = "overrides/orders/a";

	private static final String VALID = "{\"service\":\"orders\",\"instance\":\"a\",\"status\":\"OUT_OF_SERVICE\"}";

	private static final HttpClient http = HttpClient.newHttpClient();

	@RegisterExtension
	static final EtcdExtension etcd = EtcdExtension.single();

	@RegisterExtension
	static final Browser browser = new Browser();

	@ParameterizedTest
	@EnumSource(names = { "SERVLET", "REACTIVE" })
	void overridesInstancesForATimeWhereItMay(WebApplicationType type) {
		etcd.admin().put("services/orders/a", "{\"host\":\"h\",\"port\":1}");
		etcd.admin().put("services/orders/b", "{\"host\":\"h\",\"port\":2}");
		try (ConfigurableApplicationContext context = Application.run(etcd, type,
				"--management.endpoint.etcdconsole.access=unrestricted")) {
			awaitCalled(context, "a", "b");
			browser.open(Application.console(context) + "#/services/orders/a");
			browser.awaitText(".actions", "Take out of service");
			browser.find(".actions button[value=OUT_OF_SERVICE]").sendKeys(Keys.ENTER);
			browser.awaitText(".override", "Overridden by somebody: out of service");
			browser.awaitText("tr.row", "out of service");
			browser.awaitText(".timeline", "by an override of somebody");
			awaitCalled(context, "b");
			assertThat(etcd.admin().timeToLive(etcd.admin().leaseOf(KEY))).isBetween(500L, 600L);

			browser.find(".override button").sendKeys(Keys.ENTER);
			awaitEnd();
			browser.awaitText(".timeline", "the override of somebody has ended");
			awaitCalled(context, "a", "b");

			browser.find(".actions input[name=weight]").sendKeys("7" + Keys.ENTER);
			browser.awaitText(".override", "weight 7");
			Browser.await()
				.until(() -> instances(context).stream()
					.anyMatch((instance) -> "7".equals(instance.getMetadata().get("weight"))));
			assertThat(etcd.admin().etcdctl("del", KEY)).contains("1");
			Browser.await().until(() -> browser.findAll(".override").isEmpty());
			assertThat(browser.violations()).isEmpty();

			neverOutlivesItsTime(context);
			refusesWhatMakesNoSenseAndWhatIsForged(Application.console(context));
		}
	}

	/**
	 * Nobody has put it under a lease.
	 */
	private static void neverOutlivesItsTime(ConfigurableApplicationContext context) {
		etcd.admin()
			.put(KEY, "{\"status\":\"DOWN\",\"until\":\"%s\",\"by\":\"etcdctl\"}"
				.formatted(Instant.now().plusSeconds(4)));
		awaitCalled(context, "b");
		awaitCalled(context, "a", "b");
		assertThat(etcd.admin().get(KEY)).isNotNull();
		etcd.admin().put(KEY, "{\"status\":\"DOWN\"}");
		browser.go("#/problems");
		browser.awaitText("main", "the override has no end");
		assertThat(instances(context)).hasSize(2);
		etcd.admin().delete(KEY);
	}

	private static void refusesWhatMakesNoSenseAndWhatIsForged(String console) {
		assertThat(post(console, "application/json", "", VALID)).isEqualTo(403);
		assertThat(post(console, "text/plain", "etcdconsole", VALID)).isEqualTo(415);
		assertThat(post(console, "application/json", "etcdconsole", VALID.replace("\"a\"", "\"nobody\"")))
			.isEqualTo(400);
		assertThat(post(console, "application/json", "etcdconsole", VALID.replace("OUT_OF", "AUT_OF"))).isEqualTo(400);
		assertThat(etcd.admin().get(KEY)).isNull();
	}

	/**
	 * Spring Security as it is without a word of configuration: the token is in the
	 * session.
	 */
	@ParameterizedTest
	@EnumSource(names = { "SERVLET", "REACTIVE" })
	void sendsTheTokenOfTheSession(WebApplicationType type) {
		etcd.admin().put("services/orders/a", "{\"host\":\"h\",\"port\":1}");
		try (ConfigurableApplicationContext context = Application.run(etcd, type, "--secured=true",
				"--spring.security.user.name=alice", "--spring.security.user.password=s3cret",
				"--management.endpoint.etcdconsole.access=unrestricted")) {
			browser.login("alice", "s3cret");
			browser.open(Application.console(context) + "#/services/orders/a");
			browser.awaitText(".actions", "Take out of service");
			assertThat(withoutTheToken(Application.console(context))).isIn(401, 403);
			assertThat(etcd.admin().get(KEY)).isNull();
			browser.find(".actions button[value=OUT_OF_SERVICE]").sendKeys(Keys.ENTER);
			browser.awaitText(".override", "Overridden by alice: out of service");
			browser.find(".override button").sendKeys(Keys.ENTER);
			awaitEnd();
			assertThat(browser.violations()).isEmpty();
		}
		finally {
			browser.logout();
		}
	}

	/**
	 * Outside the browser, which would ask for a login when it is refused.
	 */
	private static int withoutTheToken(String console) {
		HttpRequest request = HttpRequest.newBuilder(URI.create(console))
			.header("Content-Type", "application/json")
			.header("X-Requested-With", "etcdconsole")
			.header("Authorization",
					"Basic " + Base64.getEncoder().encodeToString("alice:s3cret".getBytes(StandardCharsets.UTF_8)))
			.POST(BodyPublishers.ofString(VALID))
			.build();
		return http.sendAsync(request, BodyHandlers.ofString()).join().statusCode();
	}

	private static void awaitEnd() {
		Browser.await().untilAsserted(() -> assertThat(etcd.admin().get(KEY)).as(browser.text(".failure")).isNull());
	}

	private static void awaitCalled(ConfigurableApplicationContext context, String... ids) {
		Browser.await()
			.untilAsserted(() -> assertThat(instances(context)).extracting(ServiceInstance::getInstanceId)
				.containsExactly(ids));
	}

	private static List<ServiceInstance> instances(ConfigurableApplicationContext context) {
		return context.getBean(DiscoveryClient.class).getInstances("orders");
	}

	private static int post(String console, String contentType, String requestedWith, String body) {
		HttpRequest.Builder request = HttpRequest.newBuilder(URI.create(console))
			.header("Content-Type", contentType)
			.POST(BodyPublishers.ofString(body));
		if (!requestedWith.isEmpty()) {
			request.header("X-Requested-With", requestedWith);
		}
		return http.sendAsync(request.build(), BodyHandlers.ofString()).join().statusCode();
	}

}
