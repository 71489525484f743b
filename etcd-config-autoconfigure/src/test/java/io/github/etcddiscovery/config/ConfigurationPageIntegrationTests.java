package io.github.etcddiscovery.config;

import java.io.IOException;
import java.io.InputStream;
import java.net.URL;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.Collections;
import java.util.Comparator;
import java.util.List;
import java.util.Map;
import java.util.regex.MatchResult;
import java.util.regex.Pattern;
import java.util.stream.Stream;

import io.github.etcddiscovery.config.autoconfigure.EtcdConfigAutoConfiguration;
import io.github.etcddiscovery.testing.EtcdCluster;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.extension.ExtendWith;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

import org.springframework.boot.autoconfigure.ImportAutoConfiguration;
import org.springframework.boot.context.properties.ConfigurationProperties;
import org.springframework.boot.env.YamlPropertySourceLoader;
import org.springframework.boot.test.system.CapturedOutput;
import org.springframework.boot.test.system.OutputCaptureExtension;
import org.springframework.context.ConfigurableApplicationContext;
import org.springframework.context.annotation.Configuration;
import org.springframework.context.annotation.Import;
import org.springframework.core.env.MapPropertySource;
import org.springframework.core.io.ByteArrayResource;
import org.springframework.stereotype.Component;
import org.springframework.util.StringUtils;

import static org.assertj.core.api.Assertions.assertThat;

/**
 * Follows the page "Configuration" to the letter.
 */
@Timeout(120)
@ExtendWith(OutputCaptureExtension.class)
class ConfigurationPageIntegrationTests {

	private static final Path PAGE = Path.of("..", "docs", "configuration.md");

	private static final Pattern BLOCK = Pattern.compile("```(\\w*)\n(.*?)```", Pattern.DOTALL);

	private static final String COMMAND = "mvn -pl etcd-config-autoconfigure -am verify -Dtest=none "
			+ "-Dit.test=ConfigurationPageIntegrationTests -Dsurefire.failIfNoSpecifiedTests=false "
			+ "-Dfailsafe.failIfNoSpecifiedTests=false -Dupdate.docs=true";

	@Test
	void whatThePageSaysHappens(CapturedOutput output) throws Exception {
		List<String> commands = blocks("shell");
		List<String> lines = blocks("");
		try (EtcdCluster etcd = EtcdCluster.single().start()) {
			etcdctl(etcd, commands.get(0));
			try (ConfigurableApplicationContext context = ConfigEtcd.builder(Application.class)
				.properties(properties(blocks("yaml").get(0)))
				.run("--spring.cloud.etcd.endpoints=" + etcd.clientUrl(), "--spring.config.name=none")) {
				Shop shop = context.getBean(Shop.class);
				assertThat(shop.limit()).isEqualTo(5);
				etcdctl(etcd, commands.get(1));
				ConfigEtcd.await().until(() -> shop.limit() == 6);
				ConfigEtcd.await().untilAsserted(() -> assertThat(output).contains(lines.get(0)));
				etcdctl(etcd, commands.get(2));
				ConfigEtcd.await().untilAsserted(() -> assertThat(output).contains(lines.get(1)));
				assertThat(shop.limit()).isEqualTo(6);
			}
			etcd.admin().enableAuth();
			etcd.admin().addUser("shop", "s3cret");
			String role = etcd.admin().run(Path.of("..", "script", "etcd-roles"), "config", "shop").strip();
			assertThat(role).isEqualTo("config-shop");
			etcd.admin().etcdctl("user", "grant-role", "shop", role);
			try (ConfigurableApplicationContext context = ConfigEtcd.builder(Application.class)
				.run(ConfigEtcd.arguments(etcd.clientUrl(), "--spring.cloud.etcd.username=shop",
						"--spring.cloud.etcd.password=s3cret", "--spring.profiles.active=prod",
						"--spring.cloud.etcd.config.name=shop", "--shop.limit=1"))) {
				assertThat(context.getBean(EtcdConfigRefresher.class).getLastError()).isNull();
			}
		}
	}

	@Test
	void thePageShowsTheCodeThatIsRunHere() throws IOException {
		String source = flat(Files.readString(Path.of("src", "test", "java", "io", "github", "etcddiscovery", "config",
				"ConfigurationPageIntegrationTests.java")));
		assertThat(blocks("java")).allSatisfy((block) -> assertThat(source).contains(flat(block)));
	}

	private static String flat(String code) {
		return code.replace("static ", "").replaceAll("\\s+", " ");
	}

	@Test
	void thePageListsAllProperties() throws IOException {
		String page = Files.readString(PAGE);
		String begin = "<!-- properties -->\n";
		String end = "<!-- /properties -->";
		String updated = page.substring(0, page.indexOf(begin) + begin.length()) + table()
				+ page.substring(page.indexOf(end));
		if (Boolean.getBoolean("update.docs")) {
			Files.writeString(PAGE, updated);
			page = updated;
		}
		assertThat(page).as("docs/configuration.md is out of date: run " + COMMAND).isEqualTo(updated);
	}

	private static String table() throws IOException {
		StringBuilder table = new StringBuilder("| Property | Default | Meaning |\n|---|---|---|\n");
		for (URL metadata : Collections.list(EtcdConfigProperties.class.getClassLoader()
			.getResources("META-INF/spring-configuration-metadata.json"))) {
			try (InputStream content = metadata.openStream()) {
				Stream<JsonNode> properties = JsonMapper.shared().readTree(content).path("properties").valueStream();
				properties.filter((property) -> name(property).startsWith(EtcdConfigProperties.PREFIX + "."))
					.sorted(Comparator.comparing(ConfigurationPageIntegrationTests::name))
					.forEach((property) -> table.append("| `%s` | %s | %s |\n".formatted(
							name(property).substring(EtcdConfigProperties.PREFIX.length() + 1),
							shown(property.path("defaultValue")),
							StringUtils.capitalize(property.path("description").asString()))));
			}
		}
		return table.toString();
	}

	private static String name(JsonNode property) {
		return property.path("name").asString();
	}

	private static String shown(JsonNode value) {
		String text = value.isArray() ? String.join(",", value.valueStream().map(JsonNode::asString).toList())
				: value.asString("");
		return text.isEmpty() ? "" : "`" + text + "`";
	}

	private static void etcdctl(EtcdCluster etcd, String command) {
		String[] words = command.strip().split(" ");
		etcd.admin().etcdctl(Arrays.copyOfRange(words, 1, words.length));
	}

	private static Map<String, Object> properties(String yaml) throws IOException {
		return ((MapPropertySource) new YamlPropertySourceLoader().load("page", new ByteArrayResource(yaml.getBytes()))
			.get(0)).getSource();
	}

	private static List<String> blocks(String language) throws IOException {
		return BLOCK.matcher(Files.readString(PAGE))
			.results()
			.filter((block) -> block.group(1).equals(language))
			.map((MatchResult block) -> block.group(2).strip())
			.toList();
	}

	@Configuration(proxyBeanMethods = false)
	@ImportAutoConfiguration(EtcdConfigAutoConfiguration.class)
	@Import(Shop.class)
	static class Application {

	}

	@ConfigurationProperties("shop")
	record ShopProperties(int limit) {
	}

	@Component
	static class Shop {

		private final Live<ShopProperties> properties;

		Shop(Live<ShopProperties> properties) {
			this.properties = properties;
		}

		int limit() {
			return this.properties.get().limit();
		}

	}

}
