package io.github.etcddiscovery.test;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;

import io.github.etcddiscovery.testing.JavaApplication;
import org.apache.commons.logging.LogFactory;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

import org.springframework.boot.SpringApplication;
import org.springframework.boot.autoconfigure.EnableAutoConfiguration;
import org.springframework.context.ConfigurableApplicationContext;
import org.springframework.context.annotation.Configuration;

import static org.assertj.core.api.Assertions.assertThat;

/**
 * An application, in a JVM of its own, whose configuration is in an etcd that Spring Boot
 * starts with Docker Compose.
 */
@Tag("docker")
class DockerComposeIntegrationTests {

	private static final String PROJECT = "etcd-config-compose-test";

	@TempDir
	private Path directory;

	@Test
	void servesTheImportOfAStart() throws Exception {
		Path file = this.directory.resolve("compose.yaml");
		Files.writeString(file, """
				name: %s
				services:
				  etcd:
				    image: %s
				    command: >
				      etcd --data-dir /data/etcd --listen-client-urls http://0.0.0.0:2379
				      --advertise-client-urls http://127.0.0.1:2379
				    ports:
				      - "2379"
				    volumes:
				      - .:/data
				""".formatted(PROJECT, ContainersIntegrationTests.image()));
		// Nothing runs, and the import is required: it starts Docker Compose, and finds
		// no key
		assertThat(run(file)).contains("The greeting is null").doesNotContain("FAILED TO START");
		assertThat(docker("ps", "--quiet", "--filter", "label=com.docker.compose.project=" + PROJECT)).isEmpty();
		docker("compose", "--file", file.toString(), "up", "--detach", "--wait");
		docker("compose", "--file", file.toString(), "exec", "-T", "etcd", "etcdctl", "put", "config/shop/greeting",
				"from-compose");
		assertThat(run(file)).contains("The greeting is from-compose");
		docker("compose", "--file", file.toString(), "down");
	}

	private static String run(Path composeFile) {
		try (JavaApplication application = JavaApplication.start(Application.class, List.of(),
				"--spring.docker.compose.file=" + composeFile, "--spring.docker.compose.stop.command=down",
				"--spring.application.name=shop", "--spring.main.web-application-type=none",
				"--spring.config.import=etcd:", "--spring.cloud.etcd.endpoints=http://127.0.0.1:1")) {
			application.awaitExitCode();
			return application.output();
		}
	}

	private static String docker(String... arguments) throws IOException, InterruptedException {
		List<String> command = new ArrayList<>(List.of("docker"));
		command.addAll(List.of(arguments));
		Process process = new ProcessBuilder(command).redirectErrorStream(true).start();
		String output = new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
		process.waitFor();
		return output;
	}

	@Configuration(proxyBeanMethods = false)
	@EnableAutoConfiguration
	public static class Application {

		public static void main(String[] arguments) {
			try (ConfigurableApplicationContext context = SpringApplication.run(Application.class, arguments)) {
				LogFactory.getLog(Application.class)
					.info("The greeting is " + context.getEnvironment().getProperty("greeting"));
			}
		}

	}

}
