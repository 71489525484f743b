package io.github.etcddiscovery.console.it;

import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;

import io.github.etcddiscovery.testing.EtcdExtension;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.extension.RegisterExtension;

import org.springframework.boot.WebApplicationType;
import org.springframework.context.ConfigurableApplicationContext;

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

	@BeforeEach
	void start() {
		if (context == null) {
			context = Application.run(etcd, WebApplicationType.SERVLET);
			console = Application.console(context);
		}
		browser.size(1280, 900);
		browser.scheme("light");
		browser.open(console);
		browser.awaitText(".live", "live");
	}

	@AfterAll
	static void stop() {
		if (context != null) {
			context.close();
		}
	}

	@Test
	void seesInstancesThatRegisterDrainAndCrashWithinASecond() {
		browser.go("#/services/orders");
		browser.awaitText("h1", "orders");
		long lease = etcd.admin().grantLease(Duration.ofSeconds(60));
		etcd.admin().put("services/orders/a", json("UP"), lease);
		etcd.admin().put("services/orders/b", json("UP"), lease);
		browser.awaitText("tr.row", "b");
		etcd.admin().put("services/orders/a", json("OUT_OF_SERVICE"), lease);
		browser.awaitText("tr.row", "out of service");
		browser.awaitText(".timeline", "status UP → OUT_OF_SERVICE");
		etcd.admin().delete("services/orders/a");
		browser.awaitText(".timeline", "left after it had been OUT_OF_SERVICE");
		etcd.admin().revoke(lease);
		browser.awaitText(".timeline", "its lease has ended");
		assertThat(browser.violations()).isEmpty();
	}

	@Test
	void looksWell() {
		List<String> zones = List.of("a", "b", "c");
		List<String> names = List.of("orders", "payments", "shipping", "catalog", "customers", "search", "invoices",
				"warehouse", "mail", "fraud-check");
		List<Long> leases = new ArrayList<>();
		for (int s = 0; s < names.size(); s++) {
			for (int i = 0; i < 3 + s % 4; i++) {
				long lease = etcd.admin().grantLease(Duration.ofSeconds(60));
				leases.add(lease);
				String status = (s == 3 && i == 1) ? "OUT_OF_SERVICE" : (s == 8) ? "DOWN" : "UP";
				etcd.admin()
					.put("services/" + names.get(s) + "/host-" + i + "-8080",
							"{\"host\":\"10.0.%d.%d\",\"port\":8080,\"status\":\"%s\",\"metadata\":{\"zone\":\"%s\",\"version\":\"1.%d.0\",\"team\":\"blue\",\"weight\":\"%d\"}}"
								.formatted(s, i, status, zones.get(i % 3), s, i + 1),
							lease);
			}
		}
		etcd.admin().put("services/legacy", "http://localhost:3000");
		etcd.admin().put("services/broken/one", "{\"host\":");
		browser.awaitText(".badge", "12");
		etcd.admin().delete("services/search/host-1-8080");
		etcd.admin().revoke(leases.get(0));
		browser.awaitText(".timeline", "its lease has ended");
		Path target = Path.of("target/screenshots");
		for (String scheme : List.of("light", "dark")) {
			browser.scheme(scheme);
			for (int width : List.of(1280, 390)) {
				browser.size(width, (width == 390) ? 844 : 900);
				for (String page : List.of("", "services", "services/orders", "services/orders/host-1-8080",
						"registration", "problems")) {
					browser.go("#/" + page);
					Browser.await()
						.until(() -> !browser.findAll("h1").isEmpty() && !browser.text("main").contains("Asking"));
					browser.screenshot(target.resolve(page.replace('/', '_') + "-" + scheme + "-" + width + ".png"));
				}
			}
		}
		assertThat(browser.violations()).isEmpty();
	}

	private static String json(String status) {
		return "{\"host\":\"127.0.0.1\",\"port\":1,\"status\":\"%s\",\"metadata\":{\"zone\":\"z\"}}".formatted(status);
	}

}
