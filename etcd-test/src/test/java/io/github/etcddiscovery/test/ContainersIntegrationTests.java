package io.github.etcddiscovery.test;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;

import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.testcontainers.containers.GenericContainer;
import org.testcontainers.containers.wait.strategy.Wait;

import org.springframework.beans.factory.annotation.Autowired;
import org.springframework.beans.factory.annotation.Value;
import org.springframework.boot.autoconfigure.EnableAutoConfiguration;
import org.springframework.boot.test.context.SpringBootTest;
import org.springframework.boot.testcontainers.service.connection.ServiceConnection;
import org.springframework.context.annotation.Configuration;
import org.springframework.core.env.Environment;

import static org.assertj.core.api.Assertions.assertThat;

/**
 * A real container of a test serves the import as well, whichever way the test has it.
 */
@Tag("docker")
@SpringBootTest(properties = { "spring.config.import=etcd:", "spring.application.name=shop",
		"spring.cloud.etcd.endpoints=http://127.0.0.1:1" })
@EtcdTest(keys = "config/shop/greeting=from-container")
class ContainersIntegrationTests {

	@ServiceConnection
	static final GenericContainer<?> etcd = new GenericContainer<>(image())
		.withCommand("etcd", "--data-dir", "/tmp/etcd", "--listen-client-urls", "http://0.0.0.0:2379",
				"--advertise-client-urls", "http://0.0.0.0:2379")
		.withExposedPorts(2379)
		.waitingFor(Wait.forLogMessage(".*ready to serve client requests.*", 1));

	@Value("${greeting}")
	private String greeting;

	@Autowired
	private EtcdConfigTester config;

	@Test
	void servesTheImportOfATest(@Autowired Environment environment) {
		assertThat(this.greeting).isEqualTo("from-container");
		this.config.put("config/shop/greeting", "changed").awaitApplied();
		assertThat(environment.getProperty("greeting")).isEqualTo("changed");
		assertThat(etcd.isRunning()).isTrue();
	}

	/**
	 * The one that docker-compose.yml names.
	 */
	static String image() {
		try {
			return Files.readAllLines(Path.of("..", "docker-compose.yml"))
				.stream()
				.filter((line) -> line.startsWith("x-etcd-image: "))
				.map((line) -> line.substring(line.lastIndexOf(' ') + 1))
				.findFirst()
				.orElseThrow();
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
