package io.github.etcddiscovery.testcontainers;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;

import io.etcd.jetcd.launcher.EtcdContainer;
import io.github.etcddiscovery.client.EtcdConnectionDetails;
import org.awaitility.Awaitility;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.testcontainers.containers.Container.ExecResult;
import org.testcontainers.containers.GenericContainer;
import org.testcontainers.containers.wait.strategy.Wait;

import org.springframework.boot.WebApplicationType;
import org.springframework.boot.autoconfigure.EnableAutoConfiguration;
import org.springframework.boot.builder.SpringApplicationBuilder;
import org.springframework.boot.testcontainers.context.ImportTestcontainers;
import org.springframework.boot.testcontainers.service.connection.ServiceConnection;
import org.springframework.cloud.client.discovery.DiscoveryClient;
import org.springframework.context.ConfigurableApplicationContext;
import org.springframework.context.annotation.Bean;
import org.springframework.context.annotation.Configuration;

import static org.assertj.core.api.Assertions.assertThat;

/**
 * Applications that register in an etcd in a real container, about which no property says
 * anything.
 */
@Tag("docker")
class ContainersIntegrationTests {

	@Test
	void registersInEtcdContainer() {
		assertRegistersAndIsFound(WithEtcdContainer.class);
	}

	@Test
	void registersInAContainerThatIsKnownByItsImage() {
		assertRegistersAndIsFound(WithImage.class);
	}

	@Test
	void authenticatesAsTheEnvironmentOfTheContainerSays() throws Exception {
		try (GenericContainer<?> etcd = etcd().withEnv("ETCD_ROOT_PASSWORD", "secret")) {
			etcd.start();
			// As Bitnami's image does it
			etcdctl(etcd, "user", "add", "root:secret");
			etcdctl(etcd, "user", "grant-role", "root", "root");
			etcdctl(etcd, "auth", "enable");
			WithAuthentication.etcd = etcd;
			assertRegistersAndIsFound(WithAuthentication.class);
		}
	}

	private static void assertRegistersAndIsFound(Class<?> configuration) {
		try (ConfigurableApplicationContext application = new SpringApplicationBuilder(Application.class, configuration)
			.web(WebApplicationType.NONE)
			.properties("spring.application.name=app", "spring.cloud.config.enabled=false",
					"spring.cloud.etcd.endpoints=http://127.0.0.1:1", "spring.cloud.etcd.discovery.port=8080")
			.run()) {
			DiscoveryClient discovery = application.getBean(DiscoveryClient.class);
			Awaitility.await()
				.atMost(Duration.ofSeconds(30))
				.untilAsserted(() -> assertThat(discovery.getInstances("app")).hasSize(1));
			assertThat(application.getBean(EtcdConnectionDetails.class).getEndpoints()).singleElement()
				.asString()
				.startsWith("http://");
		}
	}

	private static void etcdctl(GenericContainer<?> etcd, String... arguments) throws Exception {
		String[] command = new String[arguments.length + 1];
		command[0] = "etcdctl";
		System.arraycopy(arguments, 0, command, 1, arguments.length);
		ExecResult result = etcd.execInContainer(command);
		assertThat(result.getExitCode()).as(result.getStderr()).isZero();
	}

	/**
	 * The image that docker-compose.yml names.
	 */
	private static String image() {
		try {
			return Files.readAllLines(Path.of("..", "..", "docker-compose.yml"))
				.stream()
				.filter((line) -> line.startsWith("x-etcd-image: "))
				.map((line) -> line.substring(line.lastIndexOf(' ') + 1))
				.findFirst()
				.orElseThrow();
		}
		catch (IOException ex) {
			throw new IllegalStateException(ex);
		}
	}

	private static GenericContainer<?> etcd() {
		return new GenericContainer<>(image())
			.withCommand("etcd", "--data-dir", "/tmp/etcd", "--listen-client-urls", "http://0.0.0.0:2379",
					"--advertise-client-urls", "http://0.0.0.0:2379")
			.withEnv("ETCDCTL_API", "3")
			.withExposedPorts(2379)
			.waitingFor(Wait.forHttp("/health").forPort(2379));
	}

	@Configuration(proxyBeanMethods = false)
	@EnableAutoConfiguration
	static class Application {

	}

	@Configuration(proxyBeanMethods = false)
	static class WithEtcdContainer {

		@Bean
		@ServiceConnection
		EtcdContainer etcd() {
			return new EtcdContainer(image(), "node", List.of()).withShouldMountDataDirectory(false);
		}

	}

	@Configuration(proxyBeanMethods = false)
	@ImportTestcontainers
	static class WithImage {

		@ServiceConnection
		static final GenericContainer<?> etcd = etcd();

	}

	@Configuration(proxyBeanMethods = false)
	@ImportTestcontainers
	static class WithAuthentication {

		@ServiceConnection
		static GenericContainer<?> etcd = etcd();

	}

}
