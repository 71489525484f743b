package io.github.etcddiscovery.console.it;

import java.io.IOException;
import java.net.ConnectException;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.concurrent.atomic.AtomicReference;

import io.github.etcddiscovery.testing.EtcdExtension;
import io.github.etcddiscovery.testing.TcpProxy;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.extension.RegisterExtension;
import org.openqa.selenium.Keys;
import tools.jackson.databind.json.JsonMapper;

import org.springframework.boot.WebApplicationType;
import org.springframework.cloud.client.discovery.DiscoveryClient;
import org.springframework.cloud.client.loadbalancer.LoadBalancerClient;
import org.springframework.context.ConfigurableApplicationContext;
import org.springframework.util.StreamUtils;

import static org.assertj.core.api.Assertions.assertThat;

/**
 * What a person sees of the registry on the console, and how soon.
 */
@Timeout(180)
class ConsoleIntegrationTests {

	@RegisterExtension
	static final EtcdExtension etcd = EtcdExtension.single();

	@RegisterExtension
	static final Browser browser = new Browser();

	private static @Nullable ConfigurableApplicationContext context;

	private static String console = "";

	private static final List<String> PAGES = List.of("", "services", "services/orders", "services/orders/a", "calls",
			"registration", "etcd", "problems");

	@BeforeEach
	void start() {
		if (context == null) {
			context = Application.run(etcd, WebApplicationType.SERVLET,
					"--spring.cloud.etcd.loadbalancer.slow-start=1h",
					"--spring.cloud.etcd.discovery.services.flaky.filter.lane=green");
			console = Application.console(context);
		}
		browser.size(1280, 900);
		browser.scheme("light");
		browser.open(console);
		browser.awaitText(".live", "live");
		browser.awaitText(".badge", "1");
	}

	private static ConfigurableApplicationContext context() {
		return Objects.requireNonNull(context);
	}

	@AfterAll
	static void stop() {
		if (context != null) {
			context.close();
		}
	}

	@Test
	void seesInstancesThatRegisterDrainAndCrash() {
		browser.go("#/services/orders");
		browser.awaitText("h1", "orders");
		long lease = etcd.admin().grantLease(Duration.ofSeconds(60));
		etcd.admin().put("services/orders/a", json("UP"), lease);
		etcd.admin().put("services/orders/b", json("UP"), lease);
		browser.awaitText("tr.row", "b");
		browser.awaitText("td.lease", "s");
		etcd.admin().put("services/orders/a", json("OUT_OF_SERVICE"), lease);
		browser.awaitText("tr.row", "out of service");
		browser.awaitText(".timeline", "status UP → OUT_OF_SERVICE");
		etcd.admin().delete("services/orders/a");
		browser.awaitText(".timeline", "left after it had been OUT_OF_SERVICE");
		etcd.admin().revoke(lease);
		browser.awaitText(".timeline", "its lease has ended");
		browser.awaitText("main", "No instance of this service is registered");
		assertThat(browser.violations()).isEmpty();
	}

	@Test
	void seesInstancesThatAreHeld() throws IOException {
		List<Long> leases = new ArrayList<>();
		List<ServerSocket> answering = new ArrayList<>();
		try {
			for (String id : List.of("a", "b", "c", "d")) {
				answering.add(new ServerSocket(0, 50, InetAddress.getLoopbackAddress()));
				leases.add(etcd.admin().grantLease(Duration.ofSeconds(60)));
				etcd.admin()
					.put("services/held/" + id, "127.0.0.1:" + answering.get(answering.size() - 1).getLocalPort(),
							leases.get(leases.size() - 1));
			}
			browser.go("#/services/held");
			browser.awaitText("tr.row", "d");
			leases.forEach(etcd.admin()::revoke);
			browser.awaitText("tr.row", "held");
			browser.awaitText(".timeline", "it is held for a while");
			browser.go("#/");
			browser.awaitText(".attention", "holds");
		}
		finally {
			for (ServerSocket socket : answering) {
				socket.close();
			}
		}
	}

	/**
	 * By the clock of the browser, which is the clock of this machine.
	 */
	@Test
	void seesAChangeWithinASecond() {
		long lease = etcd.admin().grantLease(Duration.ofSeconds(60));
		etcd.admin().put("services/orders/a", json("UP"), lease);
		browser.go("#/services/orders");
		browser.awaitText("tr.row", "up");
		List<Long> delays = new ArrayList<>();
		for (String id : List.of("b", "c")) {
			delays.add(delay("tr.row", "orders-" + id,
					() -> etcd.admin().put("services/orders/orders-" + id, json("UP"), lease)));
		}
		delays.add(delay("tr.row", "out of service",
				() -> etcd.admin().put("services/orders/a", json("OUT_OF_SERVICE"), lease)));
		delays.add(delay(".timeline", "left after it had been OUT_OF_SERVICE",
				() -> etcd.admin().delete("services/orders/a")));
		delays.add(delay("main", "No instance of this service is registered", () -> etcd.admin().revoke(lease)));
		Collections.sort(delays);
		assertThat(delays.get(2)).as("the median of %s ms", delays).isLessThan(1000);
	}

	private static long delay(String selector, String text, Runnable change) {
		browser.run(
				"window.seenAt = 0; const watch = () => { if ([...document.querySelectorAll(arguments[0])].some((each) => "
						+ "each.innerText.includes(arguments[1]))) { window.seenAt = Date.now(); } "
						+ "else { requestAnimationFrame(watch); } }; watch();",
				selector, text);
		change.run();
		long changedAt = System.currentTimeMillis();
		Browser.await().until(() -> ((Number) browser.run("return window.seenAt")).longValue() > 0);
		return ((Number) browser.run("return window.seenAt")).longValue() - changedAt;
	}

	@Test
	void namesAndMetadataThatAreHostileDoNothing() {
		List<String> hostile = List.of("<img src=x onerror=window.hacked=1>", "\"><script>window.hacked=1<",
				"javascript:alert(1)", "${window.hacked=1}", "{{constructor.constructor('window.hacked=1')()}}",
				"__proto__", "constructor", "%2e%2e", "a b?q=1#x", "\u202Egnol", "' onmouseover='window.hacked=1");
		for (String name : hostile) {
			String text = JsonMapper.shared().writeValueAsString(name);
			etcd.admin()
				.put("services/" + name + "/" + name,
						"{\"host\":\"h\",\"port\":1,\"metadata\":{%s:%s,\"zone\":%s,\"version\":%s,\"weight\":%s}}"
							.formatted(text, text, text, text, text));
			etcd.admin().put("services/bad/" + name, name);
		}
		browser.go("#/services");
		browser.awaitText(".badge", "%d".formatted(hostile.size() + 1));
		assertThat(browser.text("tr.row")).contains("<img src=x onerror=window.hacked=1>", "\\u{202e}gnol",
				"__proto__");
		for (String name : hostile) {
			browser.run(
					"[...document.querySelectorAll('.name a')].find((link) => link.textContent === arguments[0]).click()",
					name.replace("\u202E", "\\u{202e}"));
			String shown = name.replace("\u202E", "\\u{202e}");
			Browser.await().untilAsserted(() -> assertThat(browser.text("h1")).isEqualTo(shown));
			browser.awaitText("tr.row", "h:1");
			browser.run("document.querySelector('.name a').click()");
			Browser.await().untilAsserted(() -> assertThat(browser.text(".details h2")).isNotEmpty());
			browser.go("#/services");
			browser.awaitText("h1", "Services");
		}
		browser.go("#/problems");
		browser.awaitText("main", "services/bad/<img src=x onerror=window.hacked=1>");
		assertThat(browser.run("return window.hacked")).isNull();
		assertThat(browser.violations()).isEmpty();
	}

	@Test
	void findsByNameMetadataZoneAndStatusWithoutAMouse() {
		for (int i = 0; i < 20; i++) {
			etcd.admin()
				.put("services/svc-%02d/one".formatted(i),
						"{\"host\":\"h\",\"port\":%d,\"status\":\"%s\",\"metadata\":{\"team\":\"%s\",\"zone\":\"z%d\"}}"
							.formatted(i + 1, (i == 4) ? "OUT_OF_SERVICE" : "UP", (i % 2 == 0) ? "blue" : "red",
									i % 3));
		}
		browser.awaitText(".badge", "21");
		browser.press("/");
		Browser.await().until(() -> "search".equals(browser.focused().getAttribute("id")));
		assertThat(browser.text("h1")).isEqualTo("Services");
		browser.press("svc-1");
		browser.awaitText("#found", "10 of 21 services");
		browser.press(" metadata.team=blue");
		browser.awaitText("#found", "5 of 21 services");
		browser.press(" zone=z0");
		browser.awaitText("#found", "2 of 21 services");
		assertThat(browser.text("tr.row")).contains("svc-12", "svc-18");
		browser.press(Keys.ARROW_DOWN);
		Browser.await().until(() -> browser.focused().getText().equals("svc-12"));
		browser.press(Keys.ARROW_DOWN);
		Browser.await().until(() -> browser.focused().getText().equals("svc-18"));
		browser.press(Keys.ENTER);
		browser.awaitText("h1", "svc-18");
		assertThat(browser.url()).contains("#/services/svc-18");
		browser.go("#/services/svc-18/one");
		browser.awaitText(".details h2", "one");
		browser.press(Keys.ESCAPE);
		Browser.await().until(() -> browser.findAll(".details").isEmpty());
		browser.go("#/services?q=status%3Dout-of-service");
		browser.awaitText("#found", "1 of 21 services");
		browser.press("/");
		browser.press(Keys.ESCAPE);
		browser.awaitText("#found", "21 services");
	}

	@Test
	void saysWhatIsPassedOverAndWhatThereIsTwice() {
		etcd.admin().put("services/broken/one", "{\"host\":");
		etcd.admin().put("services/twin/a", json("UP"));
		etcd.admin().put("services/twin/b", json("UP"));
		browser.go("#/problems");
		browser.awaitText("main", "services/broken/one");
		browser.awaitText("main", "twin has 2 instances with the address http://127.0.0.1:1");
		browser.awaitText(".badge.bad", "1");
	}

	@Test
	void showsHowEtcdIs() {
		browser.go("#/etcd");
		browser.awaitText("main", etcd.clientUrl());
		assertThat(browser.text("main")).contains("leader", "none is raised");
		// The same, for a user who may ask for nothing but the status
		browser
			.run("const all = window.fetch; window.fetch = async (url, options) => { const answer = await all(url, options);"
					+ " return String(url).endsWith('/etcd') ? new Response(JSON.stringify({ endpoints: (await answer.json()).endpoints,"
					+ " members: { failure: 'no members for you' }, alarms: { failure: 'no alarms for you' },"
					+ " leases: { failure: 'no leases for you' } })) : answer; }");
		browser.awaitText(".failure", "This application may not see them: no members for you");
		assertThat(browser.text(".tiles")).contains("no members for you", "no alarms for you", "no leases for you");
		assertThat(browser.text("main")).contains(etcd.clientUrl(), "leader");
		assertThat(browser.violations()).isEmpty();
	}

	@Test
	void showsWhatThisApplicationHasRegistered() {
		browser.go("#/registration");
		browser.awaitText("main", "services/shop/shop-1");
		assertThat(browser.text("main")).contains("registered", "alive",
				Long.toHexString(etcd.admin().leaseOf("services/shop/shop-1")));
	}

	@Test
	void showsWhatThisApplicationDoesWithInstances() throws IOException {
		try (ServerSocket socket = new ServerSocket(0, 50, InetAddress.getLoopbackAddress())) {
			putFlaky("a", socket.getLocalPort(), "green");
			putFlaky("b", 1, "green");
			putFlaky("blue", 3, "blue");
			browser.go("#/services/flaky");
			browser.awaitText("tr.row", "passed over");
			browser.awaitText("tr.row", "127.0.0.1:1");
			Browser.await().until(() -> "b".equals(call()));
			browser.awaitText("tr.row", "ejected");
			putFlaky("c", 2, "green");
			Browser.await().until(() -> context().getBean(DiscoveryClient.class).getInstances("flaky").size() == 3);
			assertThat(call()).isEqualTo("a");
			browser.awaitText("tr.row", "slow start, 0 %");
			browser.go("#/services/flaky/b");
			browser.awaitText(".treatment", "no connection to it could be made");
			etcd.admin().delete("services/flaky/b");
			Browser.await().until(() -> browser.findAll("tr.row").size() == 3);
			assertThat(browser.text("tr.row")).doesNotContain("ejected");
		}
	}

	private static void putFlaky(String id, int port, String lane) {
		etcd.admin()
			.put("services/flaky/" + id,
					"{\"host\":\"127.0.0.1\",\"port\":%d,\"metadata\":{\"lane\":\"%s\"}}".formatted(port, lane));
	}

	/**
	 * Calls the service, of whose instance {@code b} no connection can be made.
	 * @return the id of the instance that was called
	 */
	private static @Nullable String call() {
		AtomicReference<@Nullable String> called = new AtomicReference<>();
		try {
			context().getBean(LoadBalancerClient.class).execute("flaky", (instance) -> {
				called.set(instance.getInstanceId());
				if ("b".equals(called.get())) {
					throw new ConnectException("refused");
				}
				return "";
			});
		}
		catch (IOException | IllegalStateException ex) {
			// As it should
		}
		return called.get();
	}

	@Test
	void showsWhoCallsWhomWhileTheyLive() {
		etcd.admin().put("services/orders/a", json("UP"));
		browser.go("#/calls");
		browser.awaitText("main", "No application announces whom it calls");
		etcd.admin()
			.put("consumers/<b>/1", "{\"calls\":[\"<i>\",\"orders\"]}", etcd.admin().grantLease(Duration.ofMinutes(1)));
		browser.awaitText("table.calls", "<b>");
		try (ConfigurableApplicationContext basket = Application.run(etcd, WebApplicationType.NONE,
				"--spring.application.name=basket", "--spring.cloud.etcd.discovery.instance-id=basket-1",
				"--spring.cloud.etcd.discovery.announce-calls=true")) {
			basket.getBean(DiscoveryClient.class).getInstances("nowhere");
			basket.getBean(LoadBalancerClient.class).choose("orders");
			browser.awaitText("table.calls", "basket");
			browser.awaitText("table.calls", "nowhere");
			Browser.await()
				.until(() -> "{\"calls\":[\"nowhere\",\"orders\"]}"
					.equals(etcd.admin().get("consumers/basket/basket-1")));
			browser.awaitText(".graph", "basket");
			assertThat(etcd.admin().leaseOf("consumers/basket/basket-1")).isNotZero();
			assertThat(browser.text(".graph")).contains("basket", "orders", "nowhere ?");
			browser.press("/");
			browser.press("bask");
			browser.awaitText("#found", "1 of 2 applications");
			browser.go("#/services/orders");
			browser.awaitText(".neighbours", "basket");
			browser.go("#/services/basket");
			browser.awaitText(".neighbours", "orders");
		}
		browser.go("#/calls");
		browser.awaitGone("table.calls", "basket");
		etcd.admin().put("consumers/broken", "{}");
		browser.go("#/problems");
		browser.awaitText("main", "consumers/broken");
		assertThat(browser.violations()).isEmpty();
	}

	/**
	 * Row V5, as etcd sees it: an application that is cut off is as good as dead.
	 */
	@Test
	void forgetsCallersThatAreGoneAndFindsThemAgain() {
		browser.go("#/calls");
		try (TcpProxy network = TcpProxy.to(etcd.clientUrl());
				ConfigurableApplicationContext basket = Application.run(etcd, WebApplicationType.NONE,
						"--spring.application.name=basket", "--spring.cloud.etcd.endpoints=" + network.url(),
						"--spring.cloud.etcd.discovery.ttl=3s", "--spring.cloud.etcd.discovery.announce-calls=true")) {
			basket.getBean(DiscoveryClient.class).getInstances("orders");
			browser.awaitText("table.calls", "basket");
			network.cut();
			browser.awaitText("main", "No application announces whom it calls");
			network.heal();
			browser.awaitText("table.calls", "basket");
			etcd.cluster().wipe();
			Browser.await().until(() -> etcd.admin().keys("consumers/").size() == 1);
			browser.awaitText("table.calls", "basket");
			browser.awaitText(".live", "live");
		}
	}

	/**
	 * Row V4: etcd no longer answers.
	 */
	@Test
	void saysSoWhenWhatItShowsIsStale() {
		etcd.cluster().pause();
		try {
			browser.awaitText(".banner", "what you see was true at revision");
			browser.awaitText(".live", "stale");
		}
		finally {
			etcd.cluster().resume();
		}
		browser.awaitText(".live", "live");
		Browser.await().until(() -> browser.findAll(".banner").isEmpty());
	}

	@Test
	void isAccessible() throws IOException {
		etcd.admin().put("services/orders/a", json("UP"), etcd.admin().grantLease(Duration.ofSeconds(60)));
		etcd.admin().put("services/orders/b", json("DOWN"));
		etcd.admin().put("services/orders/c", json("OUT_OF_SERVICE"));
		etcd.admin().put("services/orders/d", json("STARTING"));
		etcd.admin().put("services/broken/one", "{\"host\":");
		browser.awaitText(".badge", "2");
		String axe = StreamUtils.copyToString(getClass().getResourceAsStream("/axe.min.js"), StandardCharsets.UTF_8);
		browser.run(axe + "; window.axe = axe;");
		for (String scheme : List.of("light", "dark")) {
			browser.scheme(scheme);
			// Only the colours are others
			Map<String, List<String>> rules = scheme.equals("dark") ? Map.of("runOnly", List.of("color-contrast"))
					: Map.of();
			for (String page : PAGES) {
				browser.go("#/" + page);
				Browser.await()
					.until(() -> !browser.findAll("h1").isEmpty() && !browser.text("main").contains("Asking"));
				Object found = browser.runAsync("const done = arguments[arguments.length - 1]; "
						+ "axe.run(document, {resultTypes: ['violations'], ...arguments[0]}).then((result) => done(result.violations.map("
						+ "(violation) => violation.id + ': ' + violation.nodes.map((node) => node.html + ' ' + node.failureSummary).join(' | '))), "
						+ "(error) => done(['' + error]))", rules);
				assertThat((List<?>) found).as("%s, %s", page, scheme).isEmpty();
			}
		}
	}

	@Test
	void fitsANarrowScreen() {
		etcd.admin()
			.put("services/orders-of-a-service-with-a-very-long-name-indeed/instance-with-a-long-id-8080", json("UP"));
		browser.awaitText(".badge", "2");
		browser.size(360, 740);
		for (String page : PAGES) {
			browser.go("#/" + page);
			Browser.await().until(() -> !browser.findAll("h1").isEmpty() && !browser.text("main").contains("Asking"));
			assertThat(((Number) browser.run("return document.documentElement.scrollWidth")).intValue()).as(page)
				.isLessThanOrEqualTo(360);
			assertThat(((Number) browser.run("return scrollX + visualViewport.pageLeft")).intValue()).as(page).isZero();
		}
	}

	private static String json(String status) {
		return "{\"host\":\"127.0.0.1\",\"port\":1,\"status\":\"%s\",\"metadata\":{\"zone\":\"z\"}}".formatted(status);
	}

}
