package io.github.etcddiscovery.grpc.it;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.regex.MatchResult;
import java.util.regex.Pattern;

import io.github.etcddiscovery.testing.EtcdExtension;
import org.awaitility.Awaitility;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.extension.RegisterExtension;

import org.springframework.boot.WebApplicationType;
import org.springframework.boot.env.YamlPropertySourceLoader;
import org.springframework.context.ConfigurableApplicationContext;
import org.springframework.core.env.EnumerablePropertySource;
import org.springframework.core.env.PropertySource;
import org.springframework.core.io.ByteArrayResource;

import static org.assertj.core.api.Assertions.assertThat;

/**
 * Does what docs/grpc.md says: the properties of an application that calls, and none for
 * one that is called.
 */
@Timeout(120)
class GrpcPageIntegrationTests {

	private static final Path ROOT = Path.of("..", "..");

	@RegisterExtension
	static final EtcdExtension etcd = EtcdExtension.single();

	@Test
	void aChannelWithTheseLinesCallsAServerWithNone() throws IOException {
		Map<String, Object> properties = new HashMap<>(Map.of("spring.cloud.etcd.discovery.register", "false"));
		for (String yaml : blocks("yaml")) {
			for (PropertySource<?> source : new YamlPropertySourceLoader().load("page",
					new ByteArrayResource(yaml.getBytes(StandardCharsets.UTF_8)))) {
				for (String name : ((EnumerablePropertySource<?>) source).getPropertyNames()) {
					properties.put(name, String.valueOf(source.getProperty(name)));
				}
			}
		}
		assertThat(properties).containsValue("discovery:///orders");
		try (ConfigurableApplicationContext provider = Applications.provider(WebApplicationType.NONE, etcd.clientUrl());
				ConfigurableApplicationContext consumer = Applications.run(Applications.Consumer.class,
						WebApplicationType.NONE, etcd.clientUrl(), properties)) {
			Awaitility.await()
				.atMost(Duration.ofSeconds(20))
				.ignoreExceptions()
				.until(() -> Echo.call(Applications.channel(consumer)).equals("orders"));
		}
	}

	@Test
	void theDependenciesAreTheseThatAreTested() throws IOException {
		String pom = Files.readString(Path.of("pom.xml"));
		Pattern artifact = Pattern.compile("<artifactId>(.*?)</artifactId>");
		List<String> artifacts = blocks("xml").stream()
			.flatMap((xml) -> artifact.matcher(xml).results())
			.map((result) -> result.group(1))
			.toList();
		assertThat(artifacts).hasSize(3).allSatisfy((name) -> assertThat(pom).contains("<artifactId>" + name + "<"));
		assertThat(Files.readString(ROOT.resolve("pom.xml")))
			.contains("<grpc.version>" + version() + "</grpc.version>");
	}

	private static String version() throws IOException {
		return Pattern.compile("`io.grpc:grpc-bom` in version ([0-9.]+) ")
			.matcher(page())
			.results()
			.map((result) -> result.group(1))
			.findFirst()
			.orElseThrow();
	}

	private static List<String> blocks(String language) throws IOException {
		List<String> blocks = new ArrayList<>();
		for (MatchResult block : Pattern.compile("```" + language + "\n(.*?)```", Pattern.DOTALL)
			.matcher(page())
			.results()
			.toList()) {
			blocks.add(block.group(1));
		}
		return blocks;
	}

	private static String page() throws IOException {
		return Files.readString(ROOT.resolve("docs/grpc.md"));
	}

}
