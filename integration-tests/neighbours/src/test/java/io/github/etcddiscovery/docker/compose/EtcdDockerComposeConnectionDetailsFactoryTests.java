package io.github.etcddiscovery.docker.compose;

import java.lang.reflect.Constructor;
import java.util.List;
import java.util.Map;

import io.github.etcddiscovery.client.EtcdConnectionDetails;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

import org.springframework.beans.BeanUtils;
import org.springframework.boot.autoconfigure.service.connection.ConnectionDetails;
import org.springframework.boot.autoconfigure.service.connection.ConnectionDetailsFactories;
import org.springframework.boot.docker.compose.core.ConnectionPorts;
import org.springframework.boot.docker.compose.core.ImageReference;
import org.springframework.boot.docker.compose.core.RunningService;
import org.springframework.boot.docker.compose.service.connection.DockerComposeConnectionSource;
import org.springframework.core.env.Environment;
import org.springframework.core.env.StandardEnvironment;

import static org.assertj.core.api.Assertions.assertThat;

/**
 * Tests for {@link EtcdDockerComposeConnectionDetailsFactory}, as Spring Boot finds and
 * calls it.
 */
class EtcdDockerComposeConnectionDetailsFactoryTests {

	@ParameterizedTest
	@ValueSource(strings = { "etcd", "quay.io/coreos/etcd:v3.5.35", "gcr.io/etcd-development/etcd:v3.7.3",
			"registry.example.com/etcd-development/etcd", "bitnami/etcd:latest", "docker.io/bitnamilegacy/etcd:3.6" })
	void connectsToTheImage(String image) {
		EtcdConnectionDetails details = details(image, Map.of(), Map.of());
		assertThat(details).isNotNull();
		assertThat(details.getEndpoints()).containsExactly("http://localhost:32768");
		assertThat(details.getUsername()).isNull();
		assertThat(details.getPassword()).isNull();
	}

	@Test
	void connectsToWhatIsLabelled() {
		assertThat(details("example/store", Map.of(), Map.of("org.springframework.boot.service-connection", "etcd")))
			.isNotNull();
	}

	@ParameterizedTest
	@ValueSource(strings = { "redis", "example/etcd", "etcdkeeper" })
	void leavesOthersAlone(String image) {
		assertThat(details(image, Map.of(), Map.of())).isNull();
	}

	@Test
	void authenticatesAsTheEnvironmentSays() {
		EtcdConnectionDetails details = details("bitnami/etcd", Map.of("ETCD_ROOT_PASSWORD", "secret"), Map.of());
		assertThat(details).isNotNull();
		assertThat(details.getUsername()).isEqualTo("root");
		assertThat(details.getPassword()).isEqualTo("secret");
		assertThat(details.toString()).doesNotContain("secret");
	}

	@Test
	void speaksTlsWhenTheEnvironmentSaysSo() {
		EtcdConnectionDetails details = details("etcd", Map.of("ETCD_CERT_FILE", "/certs/server.pem"), Map.of());
		assertThat(details).isNotNull();
		assertThat(details.getEndpoints()).containsExactly("https://localhost:32768");
	}

	private static @Nullable EtcdConnectionDetails details(String image, Map<String, String> environment,
			Map<String, String> labels) {
		Map<Class<?>, ConnectionDetails> details = new ConnectionDetailsFactories(null)
			.getConnectionDetails(source(new Service(image, environment, labels)), false);
		return (EtcdConnectionDetails) details.get(EtcdConnectionDetails.class);
	}

	/**
	 * Only Spring Boot itself makes a source, once Docker Compose has started the
	 * services.
	 */
	private static DockerComposeConnectionSource source(RunningService service) {
		try {
			Constructor<DockerComposeConnectionSource> constructor = DockerComposeConnectionSource.class
				.getDeclaredConstructor(RunningService.class, Environment.class);
			return BeanUtils.instantiateClass(constructor, service, new StandardEnvironment());
		}
		catch (NoSuchMethodException ex) {
			throw new IllegalStateException(ex);
		}
	}

	private record Service(ImageReference image, Map<String, @Nullable String> env,
			Map<String, String> labels) implements RunningService {

		Service(String image, Map<String, ? extends @Nullable String> env, Map<String, String> labels) {
			this(ImageReference.of(image), Map.copyOf(env), labels);
		}

		@Override
		public String name() {
			return "my-etcd";
		}

		@Override
		public String host() {
			return "localhost";
		}

		@Override
		public ConnectionPorts ports() {
			return new ConnectionPorts() {

				@Override
				public int get(int containerPort) {
					assertThat(containerPort).isEqualTo(2379);
					return 32768;
				}

				@Override
				public List<Integer> getAll() {
					return List.of(32768);
				}

				@Override
				public List<Integer> getAll(@Nullable String protocol) {
					return getAll();
				}

			};
		}

	}

}
