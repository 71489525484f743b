package io.github.etcddiscovery.tutorial;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.URI;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.stream.Stream;

import io.etcd.jetcd.support.CloseableClient;
import io.github.etcddiscovery.testing.EtcdExtension;
import org.awaitility.Awaitility;
import org.awaitility.core.ConditionFactory;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.extension.RegisterExtension;

import org.springframework.boot.Banner;
import org.springframework.boot.SpringApplication;
import org.springframework.boot.WebApplicationType;
import org.springframework.boot.autoconfigure.EnableAutoConfiguration;
import org.springframework.boot.env.YamlPropertySourceLoader;
import org.springframework.context.ConfigurableApplicationContext;
import org.springframework.context.annotation.Configuration;
import org.springframework.core.env.PropertySource;
import org.springframework.core.io.ByteArrayResource;

import static org.assertj.core.api.Assertions.assertThat;

/**
 * Runs the code that the documentation shows, with the properties that it shows.
 */
@Timeout(120)
class TutorialIntegrationTests {

	private static final Path SOURCES = Path.of("src", "test", "java", "io", "github", "etcddiscovery", "tutorial");

	private static final Path DOCS = Path.of("..", "docs");

	private static final String KEY = "services/myapp";

	@RegisterExtension
	static final EtcdExtension etcd = EtcdExtension.single();

	@BeforeEach
	void enableAuth() {
		etcd.admin().enableAuth();
	}

	@Test
	void pagesShowTheCodeThatIsRunHere() throws IOException {
		assertThat(blocks("tutorial.md", "java")).containsExactly(source("Notes"), source("NoteWatch"), source("Loans"),
				source("Addresses"), source("ServiceWatch"), source("Workbench"));
		assertThat(blocks("formats.md", "java")).containsExactly(source("AcmeCodec"));
	}

	@Test
	void keysArePutWatchedAndDeleted() throws Exception {
		try (ConfigurableApplicationContext context = run()) {
			Notes notes = context.getBean(Notes.class);
			NoteWatch watch = context.getBean(NoteWatch.class);
			notes.put("note", "hello");
			assertThat(notes.get("note")).contains("hello");
			notes.put("note", "hello again");
			notes.delete("note");
			assertThat(notes.get("note")).isEmpty();
			await().untilAsserted(() -> assertThat(watch.seen()).containsExactly("hello", "hello again", "gone"));
		}
	}

	@Test
	void keysOnLoanGoWhenNobodyRenewsTheirLease() throws Exception {
		try (ConfigurableApplicationContext context = run()) {
			Notes notes = context.getBean(Notes.class);
			Loans loans = context.getBean(Loans.class);
			loans.lend("short", "hello", 5);
			long kept = loans.lend("kept", "hello", 5);
			try (CloseableClient renewal = loans.keepAlive(kept)) {
				await().until(() -> notes.get("short").isEmpty());
				assertThat(notes.get("kept")).contains("hello");
			}
			loans.revoke(kept);
			assertThat(notes.get("kept")).isEmpty();
		}
	}

	@Test
	void applicationIsRegisteredAndFoundAndSeenToChange() throws Exception {
		try (ConfigurableApplicationContext provider = run("--spring.cloud.etcd.discovery.port=3000")) {
			await().until(() -> "http://localhost:3000".equals(etcd.admin().get(KEY)));
			try (ConfigurableApplicationContext consumer = run("--spring.cloud.etcd.discovery.register=false")) {
				Addresses addresses = consumer.getBean(Addresses.class);
				ServiceWatch watch = consumer.getBean(ServiceWatch.class);
				assertThat(addresses.of("myapp")).containsExactly(URI.create("http://localhost:3000"));
				await().until(() -> watch.seen().size() == 1);
				provider.getBean(Workbench.class).close();
				await().until(() -> watch.seen().size() == 2);
				provider.getBean(Workbench.class).open();
				await().until(() -> watch.seen().size() == 3);
				provider.close();
				await().untilAsserted(() -> assertThat(watch.seen()).containsExactly("http://localhost:3000 is there",
						"http://localhost:3000 is gone", "http://localhost:3000 is there",
						"http://localhost:3000 is gone"));
				assertThat(addresses.of("myapp")).isEmpty();
			}
		}
	}

	@Test
	void metadataIsSeenInTheFormatThatHoldsIt() {
		try (ConfigurableApplicationContext context = run("--spring.cloud.etcd.discovery.port=3000",
				"--spring.cloud.etcd.discovery.format=json")) {
			await().until(() -> !etcd.admin().keys(KEY).isEmpty());
			context.getBean(Workbench.class).label("2");
			await().until(() -> etcd.admin().values(KEY).toString().contains("\"metadata\":{\"version\":\"2\"}"));
			await().until(() -> context.getBean(ServiceWatch.class).seen().contains("now http://localhost:3000"));
		}
	}

	@Test
	void formatOfACompanyIsReadAndWritten() {
		try (ConfigurableApplicationContext context = run("--spring.cloud.etcd.discovery.port=3000",
				"--spring.cloud.etcd.discovery.format=acme", "--spring.cloud.etcd.discovery.instance-id=1")) {
			await().until(() -> "acme1 localhost 3000".equals(etcd.admin().get(KEY + "/1")));
			etcd.admin().put(KEY + "/2", "acme1 10.0.0.7 8080");
			etcd.admin().put(KEY + "/3", "acme1 10.0.0.7");
			Addresses addresses = context.getBean(Addresses.class);
			await().untilAsserted(() -> assertThat(addresses.of("myapp"))
				.containsExactly(URI.create("http://localhost:3000"), URI.create("http://10.0.0.7:8080")));
		}
	}

	/**
	 * The blocks in a language on a page.
	 */
	private static List<String> blocks(String page, String language) throws IOException {
		return Stream.of(Files.readString(DOCS.resolve(page)).split("```" + language + "\n"))
			.skip(1)
			.map((rest) -> rest.substring(0, rest.indexOf("```")))
			.toList();
	}

	/**
	 * A class without its imports, as pages show it.
	 */
	private static String source(String type) throws IOException {
		String source = Files.readString(SOURCES.resolve(type + ".java"));
		return source.substring(source.indexOf("@Component")).replace("\t", "  ");
	}

	/**
	 * Patient, since a build shares its machine.
	 */
	private static ConditionFactory await() {
		return Awaitility.await().atMost(Duration.ofSeconds(30)).pollInterval(Duration.ofMillis(50));
	}

	private static ConfigurableApplicationContext run(String... arguments) {
		SpringApplication application = new SpringApplication(Application.class, Notes.class, NoteWatch.class,
				Loans.class, Addresses.class, ServiceWatch.class, AcmeCodec.class);
		if (!List.of(arguments).contains("--spring.cloud.etcd.discovery.register=false")) {
			application.addPrimarySources(List.of(Workbench.class));
		}
		application.setWebApplicationType(WebApplicationType.NONE);
		application.setBannerMode(Banner.Mode.OFF);
		application.addInitializers((context) -> context.getEnvironment().getPropertySources().addLast(properties()));
		return application
			.run(Stream.concat(Stream.of("--spring.cloud.etcd.endpoints=" + etcd.clientUrl()), Stream.of(arguments))
				.toArray(String[]::new));
	}

	private static PropertySource<?> properties() {
		try {
			byte[] yaml = blocks("tutorial.md", "yaml").get(0).getBytes(StandardCharsets.UTF_8);
			return new YamlPropertySourceLoader().load("tutorial", new ByteArrayResource(yaml)).get(0);
		}
		catch (IOException ex) {
			throw new UncheckedIOException(ex);
		}
	}

	@Configuration(proxyBeanMethods = false)
	@EnableAutoConfiguration
	static class Application {

	}

}
