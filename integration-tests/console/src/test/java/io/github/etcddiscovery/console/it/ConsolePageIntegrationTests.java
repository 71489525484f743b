package io.github.etcddiscovery.console.it;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

import io.github.etcddiscovery.testing.EtcdExtension;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.extension.RegisterExtension;
import org.junit.jupiter.api.io.TempDir;

import org.springframework.boot.Banner;
import org.springframework.boot.WebApplicationType;
import org.springframework.boot.builder.SpringApplicationBuilder;
import org.springframework.cloud.client.discovery.DiscoveryClient;
import org.springframework.context.ConfigurableApplicationContext;

import static org.assertj.core.api.Assertions.assertThat;

/**
 * Does what {@code docs/console.md} says, and takes the pictures that it and the README
 * show; with {@code -Dupdate.docs=true} they are kept. With
 * {@code -Dconsole.pictures=true} it takes pictures of every page, on a wide and on a
 * narrow screen, for people to look at.
 */
@Timeout(600)
class ConsolePageIntegrationTests {

	private static final Path DOCS = Path.of("../../docs");

	@RegisterExtension
	static final EtcdExtension etcd = EtcdExtension.single();

	@RegisterExtension
	static final Browser browser = new Browser();

	@Test
	void isFollowedToTheLetter(@TempDir Path directory) throws IOException {
		String page = Files.readString(DOCS.resolve("console.md"));
		Path yaml = Files.writeString(directory.resolve("application.yml"),
				block(page, "yaml") + "\n" + block(page.substring(page.indexOf("## Who calls whom")), "yaml"));
		register();
		try (ConfigurableApplicationContext context = new SpringApplicationBuilder(Application.class)
			.web(WebApplicationType.SERVLET)
			.bannerMode(Banner.Mode.OFF)
			.run("--spring.config.additional-location=file:" + yaml, "--spring.application.name=shop",
					"--spring.cloud.etcd.endpoints=" + etcd.clientUrl(), "--server.address=127.0.0.1",
					"--server.port=0", "--spring.cloud.etcd.discovery.ip-address=127.0.0.1",
					"--spring.cloud.etcd.discovery.instance-id=host-8080")) {
			context.getBean(DiscoveryClient.class).getInstances("orders");
			context.getBean(DiscoveryClient.class).getInstances("payments");
			String[] announcement = block(page, "text").split("\n");
			Browser.await().until(() -> announcement[1].equals(etcd.admin().get(announcement[0])));
			String[] override = block(page.substring(page.indexOf("## Overriding")), "text").split("\n");
			String key = override[0];
			String value = override[1].replaceAll("\"until\":\"[^\"]*\"",
					"\"until\":\"" + Instant.now().plusSeconds(300).toString() + "\"");
			browser.size(1280, 900);
			browser.open(Application.console(context) + "#/services/orders/host-8080");
			browser.awaitText(".details", "Take out of service");
			etcd.admin().etcdctl("put", key, value);
			browser.awaitText(".override", "Overridden by alice");
			for (String command : block(page.substring(page.indexOf("An operator sees")), "shell").split("\n")) {
				assertThat(etcd.admin().etcdctl(command.replace("etcdctl ", "").split(" "))).isNotEmpty();
			}
			Browser.await().until(() -> browser.findAll(".override").isEmpty());
			for (String query : List.of("status=down", "zone=a", "version=1.2", "metadata.team=blue")) {
				assertThat(page).contains(query);
				browser.go("#/services?q=" + query.replace("=", "%3D"));
				browser.awaitText("#found", " of ");
			}
			takePictures();
			if (Boolean.getBoolean("console.pictures")) {
				takePicturesOfEachPage();
			}
		}
	}

	private static void register() {
		List<String> names = List.of("orders", "payments", "shipping", "catalog", "customers", "search", "invoices",
				"warehouse", "mail", "fraud-check");
		for (int s = 0; s < names.size(); s++) {
			for (int i = 0; i < 3 + s % 4; i++) {
				String status = (s == 3 && i == 1) ? "OUT_OF_SERVICE" : (s == 8) ? "DOWN" : "UP";
				put(names.get(s) + "/host-" + (8080 + i), s, i, status);
			}
		}
	}

	private static void put(String key, int s, int i, String status) {
		etcd.admin()
			.put("services/" + key,
					"{\"host\":\"10.0.%d.%d\",\"port\":8080,\"status\":\"%s\",\"metadata\":{\"zone\":\"%s\",\"version\":\"1.%d\",\"team\":\"%s\",\"weight\":\"%d\"}}"
						.formatted(s, i, status, List.of("a", "b", "c").get(i % 3), s % 4,
								(s % 2 == 0) ? "blue" : "red", i + 1),
					etcd.admin().grantLease(Duration.ofMinutes(10)));
	}

	private static void takePictures() {
		if (Boolean.getBoolean("update.docs")) {
			liveForSomeMinutes();
		}
		for (int i = 0; i < 3; i++) {
			put("payments/host-%d".formatted(8090 + i), 1, 9 + i, "UP");
		}
		etcd.admin().revoke(etcd.admin().leaseOf("services/search/host-8081"));
		put("shipping/host-8080", 2, 0, "OUT_OF_SERVICE");
		browser.go("#/");
		browser.awaitText(".timeline", "its lease has ended");
		Path kept = Boolean.getBoolean("update.docs") ? DOCS.resolve("images") : Path.of("target/images");
		for (String scheme : List.of("light", "dark")) {
			browser.scheme(scheme);
			assertThat(browser.screenshot(kept.resolve("console-" + scheme + ".png"))).isNotEmptyFile();
		}
		assertThat(DOCS.resolve("images/console-light.png")).exists();
		assertThat(DOCS.resolve("images/console-dark.png")).exists();
		assertThat(browser.violations()).isEmpty();
	}

	/**
	 * Instances come and go, so that there is something to see.
	 */
	private static void liveForSomeMinutes() {
		Random random = new Random(1);
		long end = System.nanoTime() + Duration.ofMinutes(5).toNanos();
		Browser.await().atMost(Duration.ofMinutes(6)).pollInterval(Duration.ofSeconds(4)).until(() -> {
			String service = List.of("orders", "catalog", "customers", "invoices").get(random.nextInt(4));
			String key = service + "/host-" + (9000 + random.nextInt(3));
			int s = random.nextInt(4);
			switch (random.nextInt(8)) {
				case 0, 1, 2 -> put(key, s, 0, "UP");
				case 3 -> {
					put(key, s, 0, "OUT_OF_SERVICE");
					etcd.admin().delete("services/" + key);
				}
				case 4 -> {
					for (int i = 0; i < 3; i++) {
						put(service + "/host-" + (9000 + i), s, i, "STARTING");
						put(service + "/host-" + (9000 + i), s, i, "UP");
					}
				}
				case 5 -> etcd.admin().delete("services/" + key);
				default -> {
				}
			}
			return System.nanoTime() > end;
		});
	}

	private static void takePicturesOfEachPage() {
		put("broken/one", 0, 0, "UP\",");
		put("mail/host-9999", 8, 0, "UP");
		Map.of("shop/2", "\"orders\",\"payments\"", "basket/1", "\"catalog\",\"customers\",\"old-prices\"", "orders/1",
				"\"payments\",\"warehouse\",\"mail\"", "orders/2", "\"payments\"", "search/1", "\"catalog\"")
			.forEach((key, calls) -> etcd.admin().put("consumers/" + key, "{\"calls\":[%s]}".formatted(calls)));
		etcd.admin()
			.put("overrides/orders/host-8081",
					"{\"status\":\"OUT_OF_SERVICE\",\"weight\":5,\"by\":\"alice\",\"at\":\"%s\",\"until\":\"%s\"}"
						.formatted(Instant.now(), Instant.now().plusSeconds(600)));
		for (String scheme : List.of("light", "dark")) {
			browser.scheme(scheme);
			for (int width : List.of(1280, 360)) {
				browser.size(width, (width == 360) ? 1400 : 900);
				for (String page : List.of("", "services", "services?q=team%3Dblue", "services/orders",
						"services/orders/host-8081", "services/nothing", "calls", "registration", "etcd", "problems",
						"nothing")) {
					browser.go("#/" + page);
					Browser.await()
						.until(() -> !browser.findAll("h1").isEmpty() && !browser.text("main").contains("Asking"));
					browser.runAsync("setTimeout(arguments[0], 1500)");
					browser.screenshot(Path.of("target/images/%s-%d-%s.png"
						.formatted(page.isEmpty() ? "overview" : page.replaceAll("[^a-z0-9-]", "_"), width, scheme)));
				}
			}
		}
	}

	private static String block(String page, String language) {
		List<String> blocks = new ArrayList<>();
		Matcher matcher = Pattern.compile("```" + language + "\n(.*?)\n```", Pattern.DOTALL).matcher(page);
		while (matcher.find()) {
			blocks.add(matcher.group(1));
		}
		assertThat(blocks).as(language).isNotEmpty();
		return blocks.get(0);
	}

}
