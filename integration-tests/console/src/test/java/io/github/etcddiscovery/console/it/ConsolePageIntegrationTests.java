package io.github.etcddiscovery.console.it;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
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
 * show; with {@code -Dupdate.docs=true} they are kept.
 */
@Timeout(180)
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
