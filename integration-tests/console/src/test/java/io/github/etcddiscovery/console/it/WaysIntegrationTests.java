package io.github.etcddiscovery.console.it;

import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpRequest.BodyPublishers;
import java.net.http.HttpResponse;
import java.net.http.HttpResponse.BodyHandlers;

import io.github.etcddiscovery.testing.EtcdExtension;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.extension.RegisterExtension;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

import org.springframework.boot.WebApplicationType;
import org.springframework.context.ConfigurableApplicationContext;

import static org.assertj.core.api.Assertions.assertThat;

/**
 * The ways to have the console in an application: MVC, WebFlux and the management port.
 */
@Timeout(180)
class WaysIntegrationTests {

	private static final HttpClient http = HttpClient.newHttpClient();

	@RegisterExtension
	static final EtcdExtension etcd = EtcdExtension.single();

	@RegisterExtension
	static final Browser browser = new Browser();

	/**
	 * Row V4 at its end: the application is gone.
	 */
	@ParameterizedTest
	@EnumSource(names = { "SERVLET", "REACTIVE" })
	void isServedByEitherStackAndGoneWithIt(WebApplicationType type) {
		try (ConfigurableApplicationContext context = Application.run(etcd, type)) {
			String console = Application.console(context);
			HttpResponse<String> page = get(console);
			assertThat(page.headers().firstValue("Content-Type")).hasValue("text/html;charset=UTF-8");
			assertThat(page.headers().firstValue("Content-Security-Policy")).hasValueSatisfying(
					(policy) -> assertThat(policy)
						.contains("default-src 'none'", "script-src 'self'", "require-trusted-types-for 'script'",
								"frame-ancestors 'none'")
						.doesNotContain("unsafe"));
			assertThat(get(console + "/nothing").statusCode()).isEqualTo(404);
			assertThat(get(console + "/../../../application.properties").statusCode()).isIn(400, 404);
			assertThat(get(console + "/%2e%2e%2findex.html").statusCode()).isNotEqualTo(200);
			assertThat(get(console.replace("etcdconsole", "health")).headers().firstValue("Content-Security-Policy"))
				.as("nothing else of the application is touched")
				.isEmpty();
			deltas(console);
			browser.open(console);
			browser.awaitText(".live", "live");
			browser.awaitText(".badge", "1");
			browser.open(console + "/");
			browser.awaitText(".live", "live");
			changesNothingByDefault(console);
			assertThat(browser.violations()).isEmpty();
		}
		browser.awaitText(".banner", "The server of this page does not answer. What you see is as it was at ");
		browser.awaitText(".live", "not live");
	}

	private static void changesNothingByDefault(String console) {
		browser.go("#/services/shop/shop-1");
		browser.awaitText(".details", "Address");
		assertThat(browser.findAll(".actions")).isEmpty();
		HttpRequest override = HttpRequest.newBuilder(URI.create(console))
			.header("Content-Type", "application/json")
			.header("X-Requested-With", "etcdconsole")
			.POST(BodyPublishers.ofString("{\"service\":\"shop\",\"instance\":\"shop-1\",\"status\":\"DOWN\"}"))
			.build();
		assertThat(http.sendAsync(override, BodyHandlers.ofString()).join().statusCode()).isEqualTo(405);
		assertThat(etcd.admin().keys("overrides/")).isEmpty();
	}

	private static void deltas(String console) {
		Browser.await().until(() -> state(console, "").at("/changes/services/shop").size() == 1);
		JsonNode full = state(console, "");
		assertThat(full.at("/changes/full").asBoolean()).isTrue();
		assertThat(full.at("/mirror/synced").asBoolean()).isTrue();
		assertThat(full.at("/actions").asBoolean()).as("it may only be looked at").isFalse();
		etcd.admin().put("services/orders/a", "h:1");
		Browser.await().until(() -> after(console, full).at("/changes/services/orders").size() == 1);
		JsonNode delta = after(console, full);
		assertThat(delta.at("/changes/full").asBoolean()).isFalse();
		assertThat(delta.at("/changes/services").propertyNames()).containsExactly("orders");
		assertThat(delta.at("/changes/events/0/kind").asString()).isEqualTo("CAME");
		assertThat(after(console, delta).at("/changes/services")).isEmpty();
		etcd.admin().delete("services/orders/a");
		Browser.await()
			.until(() -> after(console, delta).at("/changes/removed/orders/0")
				.asString("")
				.equals("services/orders/a"));
		assertThat(state(console, "?after=another-1").at("/changes/full").asBoolean()).isTrue();
	}

	private static JsonNode after(String console, JsonNode last) {
		return state(console, "?after=" + last.at("/changes/revision").asString());
	}

	@ParameterizedTest
	@EnumSource(names = { "SERVLET", "REACTIVE" })
	void isServedAtTheManagementPortUnderAPathOfItsOwn(WebApplicationType type) {
		try (ConfigurableApplicationContext context = Application.run(etcd, type, "--management.server.port=0",
				"--management.server.address=127.0.0.1", "--management.endpoints.web.base-path=/ops",
				"--management.endpoints.web.path-mapping.etcdconsole=see/it",
				// Both servers are there, for the tests
				"--spring.autoconfigure.exclude=org.springframework.boot.tomcat.autoconfigure.actuate.web.server."
						+ "TomcatReactiveManagementContextAutoConfiguration")) {
			String console = Application.console(context, "local.management.port")
				.replace("/actuator/etcdconsole", "/ops/see/it");
			assertThat(get(console).headers().firstValue("Content-Security-Policy")).isPresent();
			browser.open(console);
			browser.awaitText(".live", "live");
			browser.awaitText(".badge", "2");
			assertThat(browser.violations()).isEmpty();
			assertThat(get(Application.console(context)).statusCode()).isEqualTo(404);
		}
	}

	@Test
	void isNotThereWhereItIsNotExposed() {
		try (ConfigurableApplicationContext context = Application.run(etcd, WebApplicationType.SERVLET,
				"--management.endpoints.web.exposure.include=health")) {
			assertThat(get(Application.console(context)).statusCode()).isEqualTo(404);
			assertThat(context.getBeanDefinitionNames()).noneMatch((name) -> name.startsWith("etcdConsole"));
		}
	}

	private static JsonNode state(String console, String query) {
		return JsonMapper.shared().readTree(get(console + "/state" + query).body());
	}

	private static HttpResponse<String> get(String url) {
		return http.sendAsync(HttpRequest.newBuilder(URI.create(url)).build(), BodyHandlers.ofString()).join();
	}

}
