package io.github.etcddiscovery.client;

import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Map;

import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

import static org.assertj.core.api.Assertions.assertThat;

/**
 * Tests for {@link ContainerEnvironment}.
 */
class ContainerEnvironmentTests {

	@Test
	void bitnamisPasswordIsThatOfRoot() {
		assertCredentials(Map.of("ETCD_ROOT_PASSWORD", "secret"), "root", "secret");
		// Bitnami's image switches authentication on all the same
		assertCredentials(Map.of("ETCD_ROOT_PASSWORD", "secret", "ALLOW_NONE_AUTHENTICATION", "yes"), "root", "secret");
	}

	@Test
	void withoutPasswordNobodyAuthenticates() {
		assertCredentials(Map.of(), null, null);
		assertCredentials(Map.of("ALLOW_NONE_AUTHENTICATION", "yes"), null, null);
		assertCredentials(Map.of("ETCD_ROOT_PASSWORD", ""), null, null);
		assertCredentials(Map.of("ETCDCTL_USER", "app"), null, null);
		Map<String, @Nullable String> unset = new HashMap<>();
		unset.put("ETCD_ROOT_PASSWORD", null);
		assertCredentials(unset, null, null);
	}

	@Test
	void theUserOfEtcdctlComesFirst() {
		assertCredentials(Map.of("ETCDCTL_USER", "app:a:b", "ETCD_ROOT_PASSWORD", "secret"), "app", "a:b");
		assertCredentials(Map.of("ETCDCTL_USER", "app", "ETCDCTL_PASSWORD", "a"), "app", "a");
	}

	@Test
	void speaksPlainTextUnlessToldOtherwise() {
		assertThat(endpoint(Map.of(), "etcd", "--data-dir", "/d")).isEqualTo("http://localhost:32768");
		assertThat(new ContainerEnvironment(Map.of(), List.of()).endpoint("localhost", 32768, true))
			.isEqualTo("https://localhost:32768");
	}

	@ParameterizedTest
	@CsvSource({ "ETCD_CERT_FILE, /certs/server.pem", "ETCD_AUTO_TLS, true",
			"ETCD_LISTEN_CLIENT_URLS, https://0.0.0.0:2379" })
	void environmentTellsOfTls(String name, String value) {
		assertThat(endpoint(Map.of(name, value))).isEqualTo("https://localhost:32768");
	}

	@ParameterizedTest
	@ValueSource(strings = { "etcd --cert-file /certs/server.pem", "etcd --cert-file=/certs/server.pem",
			"etcd --auto-tls", "etcd -cert-file=/certs/server.pem" })
	void commandTellsOfTls(String command) {
		assertThat(endpoint(Map.of(), command.split(" "))).isEqualTo("https://localhost:32768");
	}

	@Test
	void commandMayDeclineTls() {
		assertThat(endpoint(Map.of(), "etcd", "--auto-tls=false")).isEqualTo("http://localhost:32768");
	}

	@Test
	void commandNamesTheCertificateBeforeTheEnvironment() {
		Map<String, String> variables = Map.of("ETCD_CERT_FILE", "/certs/environment.pem");
		assertThat(certificateFile(variables, "etcd")).isEqualTo("/certs/environment.pem");
		assertThat(certificateFile(variables, "etcd", "--cert-file", "/certs/command.pem"))
			.isEqualTo("/certs/command.pem");
		assertThat(certificateFile(Map.of(), "etcd", "-cert-file=/certs/command.pem")).isEqualTo("/certs/command.pem");
		assertThat(certificateFile(Map.of(), "etcd", "--auto-tls")).isNull();
	}

	private static @Nullable String certificateFile(Map<String, String> variables, String... command) {
		return new ContainerEnvironment(variables, Arrays.asList(command)).certificateFile();
	}

	private static String endpoint(Map<String, String> variables, String... command) {
		return new ContainerEnvironment(variables, Arrays.asList(command)).endpoint("localhost", 32768, false);
	}

	private static void assertCredentials(Map<String, ? extends @Nullable String> variables, @Nullable String username,
			@Nullable String password) {
		ContainerEnvironment environment = new ContainerEnvironment(variables, List.of());
		assertThat(environment.username()).isEqualTo(username);
		assertThat(environment.password()).isEqualTo(password);
	}

}
