package io.github.etcddiscovery.testcontainers;

import java.util.List;

import io.etcd.jetcd.launcher.EtcdContainer;
import io.github.etcddiscovery.autoconfigure.EtcdClientAutoConfiguration;
import io.github.etcddiscovery.client.EtcdConnectionDetails;
import io.github.etcddiscovery.client.PropertiesEtcdConnectionDetails;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import org.testcontainers.containers.GenericContainer;
import org.testcontainers.utility.DockerImageName;

import org.springframework.boot.autoconfigure.AutoConfigurations;
import org.springframework.boot.test.context.FilteredClassLoader;
import org.springframework.boot.test.context.runner.ApplicationContextRunner;
import org.springframework.boot.testcontainers.context.ImportTestcontainers;
import org.springframework.boot.testcontainers.service.connection.ServiceConnection;
import org.springframework.boot.testcontainers.service.connection.ServiceConnectionAutoConfiguration;
import org.springframework.context.annotation.Bean;
import org.springframework.context.annotation.Configuration;

import static org.assertj.core.api.Assertions.assertThat;
import static org.mockito.Mockito.doNothing;
import static org.mockito.Mockito.doReturn;
import static org.mockito.Mockito.spy;

/**
 * Tests for {@link EtcdContainerConnectionDetailsFactory}, as Spring Boot finds and calls
 * it, with containers that never start.
 */
class EtcdContainerConnectionDetailsFactoryTests {

	private final ApplicationContextRunner contextRunner = new ApplicationContextRunner().withConfiguration(
			AutoConfigurations.of(ServiceConnectionAutoConfiguration.class, EtcdClientAutoConfiguration.class));

	@Test
	void connectsToEtcdContainer() {
		this.contextRunner.withUserConfiguration(WithEtcdContainer.class).run((context) -> {
			EtcdConnectionDetails details = context.getBean(EtcdConnectionDetails.class);
			assertThat(details.getEndpoints()).containsExactly("http://localhost:32768");
			assertThat(details.getUsername()).isNull();
			assertThat(details.getPassword()).isNull();
		});
	}

	@Test
	void connectsToAnyContainerWithTheNameOfEtcd() {
		this.contextRunner.withUserConfiguration(WithNamedContainer.class).run((context) -> {
			EtcdConnectionDetails details = context.getBean(EtcdConnectionDetails.class);
			assertThat(details.getEndpoints()).containsExactly("http://localhost:32768");
			assertThat(details.getUsername()).isEqualTo("root");
			assertThat(details.getPassword()).isEqualTo("secret");
		});
	}

	@Test
	void connectsWithoutTheLauncher() {
		this.contextRunner.withUserConfiguration(WithNamedContainer.class)
			.withClassLoader(new FilteredClassLoader("io.etcd.jetcd.launcher"))
			.run((context) -> assertThat(context).hasSingleBean(EtcdConnectionDetails.class)
				.doesNotHaveBean(PropertiesEtcdConnectionDetails.class));
	}

	@Test
	void speaksTlsWhenTheContainerDoes() {
		WithField.etcd = container("etcd").withCommand("etcd", "--cert-file", "/certs/server.pem");
		this.contextRunner.withUserConfiguration(WithField.class)
			.run((context) -> assertThat(context.getBean(EtcdConnectionDetails.class).getEndpoints())
				.containsExactly("https://localhost:32768"));
	}

	@ParameterizedTest
	@ValueSource(strings = { "etcd", "quay.io/coreos/etcd:v3.5.35", "gcr.io/etcd-development/etcd:v3.7.3",
			"bitnami/etcd", "bitnamilegacy/etcd:3.6" })
	void connectsToTheImage(String image) {
		WithField.etcd = container(image);
		this.contextRunner.withUserConfiguration(WithField.class)
			.run((context) -> assertThat(context).hasSingleBean(EtcdConnectionDetails.class)
				.doesNotHaveBean(PropertiesEtcdConnectionDetails.class));
	}

	@Test
	void leavesOtherContainersAlone() {
		WithField.etcd = container("example/store");
		this.contextRunner.withUserConfiguration(WithField.class)
			.run((context) -> assertThat(context).hasFailed()
				.getFailure()
				.hasStackTraceContaining("ConnectionDetailsNotFoundException"));
	}

	private static GenericContainer<?> container(String image) {
		GenericContainer<?> container = neverStarted(new GenericContainer<>(DockerImageName.parse(image)));
		// Without looking for it at a Docker engine
		doReturn(image).when(container).getDockerImageName();
		return container;
	}

	private static <C extends GenericContainer<?>> C neverStarted(C container) {
		C spy = spy(container);
		doNothing().when(spy).start();
		doReturn("localhost").when(spy).getHost();
		doReturn(32768).when(spy).getMappedPort(2379);
		return spy;
	}

	@Configuration(proxyBeanMethods = false)
	static class WithEtcdContainer {

		@Bean(destroyMethod = "")
		@ServiceConnection
		EtcdContainer store() {
			return neverStarted(new EtcdContainer("example/store", "node", List.of()));
		}

	}

	@Configuration(proxyBeanMethods = false)
	static class WithNamedContainer {

		@Bean(destroyMethod = "")
		@ServiceConnection(name = "etcd")
		GenericContainer<?> store() {
			return container("example/store").withEnv("ETCD_ROOT_PASSWORD", "secret");
		}

	}

	@Configuration(proxyBeanMethods = false)
	@ImportTestcontainers
	static class WithField {

		/**
		 * A field has to have it when the context starts, so each test sets its own.
		 */
		@ServiceConnection
		static GenericContainer<?> etcd = container("etcd");

	}

}
