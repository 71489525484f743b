package io.github.etcddiscovery.docker.compose;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;

import io.github.etcddiscovery.docker.EtcdImages;
import io.github.etcddiscovery.testing.CertificateAuthority;
import io.github.etcddiscovery.testing.JavaApplication;
import org.awaitility.Awaitility;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

import org.springframework.boot.SpringApplication;
import org.springframework.boot.autoconfigure.EnableAutoConfiguration;
import org.springframework.context.annotation.Configuration;

import static org.assertj.core.api.Assertions.assertThat;

/**
 * Applications, each in a JVM of its own, for which Spring Boot starts an etcd with
 * Docker Compose and stops it again.
 */
@Tag("docker")
class DockerComposeIntegrationTests {

	private static final String PROJECT = "etcd-discovery-compose-test";

	@TempDir
	private Path directory;

	@Test
	void registersWithTheRootPasswordOfBitnamisImage() throws Exception {
		writeComposeFile("""
				image: %s
				    environment:
				      ETCD_ROOT_PASSWORD: secret
				""".formatted(EtcdImages.BITNAMI));
		try (JavaApplication application = start()) {
			assertThat(etcdctl("get", "--prefix", "services/")).contains("user name is empty");
			assertThat(etcdctl("--user", "root:secret", "get", "--prefix", "services/")).contains("services/app/");
			application.terminate();
		}
		assertThat(docker("ps", "--all", "--quiet", "--filter", "label=com.docker.compose.project=" + PROJECT))
			.isEmpty();
	}

	@Test
	void trustsTheAuthorityThatALabelNames() throws Exception {
		new CertificateAuthority(this.directory, "authority").server("127.0.0.1");
		writeComposeFile("""
				image: %s
				    command: >
				      etcd --data-dir /tmp/etcd --cert-file /certs/server.pem --key-file /certs/server-key.pem
				      --listen-client-urls https://0.0.0.0:2379 --advertise-client-urls https://127.0.0.1:2379
				    volumes:
				      - .:/certs:ro
				    labels:
				      org.springframework.boot.sslbundle.pem.truststore.certificate: authority.pem
				""".formatted(EtcdImages.official()));
		try (JavaApplication application = start()) {
			assertThat(etcdctl("--endpoints", "https://127.0.0.1:2379", "--cacert", "/certs/authority.pem", "get",
					"--prefix", "services/"))
				.contains("services/app/");
			application.terminate();
		}
	}

	private void writeComposeFile(String etcd) throws IOException {
		Files.writeString(composeFile(), """
				name: %s
				services:
				  etcd:
				    ports:
				      - "2379"
				    %s
				""".formatted(PROJECT, etcd));
	}

	private Path composeFile() {
		return this.directory.resolve("compose.yaml");
	}

	/**
	 * Returns when the application has registered.
	 */
	private JavaApplication start() {
		JavaApplication application = JavaApplication.start(Application.class, List.of(),
				"--spring.docker.compose.file=" + composeFile(), "--spring.docker.compose.stop.command=down",
				"--spring.application.name=app", "--spring.main.web-application-type=none",
				"--spring.main.keep-alive=true", "--spring.cloud.config.enabled=false",
				"--spring.cloud.etcd.endpoints=http://127.0.0.1:1", "--spring.cloud.etcd.discovery.port=8080",
				"--spring.cloud.etcd.discovery.drain=0s");
		Awaitility.await()
			.atMost(Duration.ofMinutes(2))
			.failFast(() -> assertThat(application.isAlive()).as(application.output()).isTrue())
			.untilAsserted(() -> assertThat(application.output()).contains("Registered 'services/app/"));
		return application;
	}

	private String etcdctl(String... arguments) throws Exception {
		List<String> command = new ArrayList<>(
				List.of("compose", "--file", composeFile().toString(), "exec", "-T", "etcd", "etcdctl"));
		command.addAll(List.of(arguments));
		return docker(command.toArray(String[]::new));
	}

	private static String docker(String... arguments) throws Exception {
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
			SpringApplication.run(Application.class, arguments);
		}

	}

}
