package io.github.etcddiscovery.test;

import java.lang.reflect.Field;
import java.lang.reflect.Modifier;
import java.util.List;

import io.github.etcddiscovery.client.ContainerEnvironment;
import io.github.etcddiscovery.client.EtcdConnectionDetails;
import org.jspecify.annotations.Nullable;
import org.testcontainers.containers.GenericContainer;
import org.testcontainers.containers.wait.strategy.Wait;

import org.springframework.boot.testcontainers.context.ImportTestcontainers;
import org.springframework.boot.testcontainers.service.connection.ServiceConnection;
import org.springframework.core.annotation.AnnotatedElementUtils;
import org.springframework.util.ReflectionUtils;

/**
 * An etcd in a container: a new one, or that of a test's static field annotated with
 * {@code @ServiceConnection}. Loaded only where Testcontainers is present.
 */
final class EtcdTestContainer {

	private EtcdTestContainer() {
	}

	/**
	 * Start a container.
	 */
	static EtcdServer start(String image) {
		GenericContainer<?> container = new GenericContainer<>(image)
			.withCommand("etcd", "--listen-client-urls", "http://0.0.0.0:2379", "--advertise-client-urls",
					"http://0.0.0.0:2379")
			.withExposedPorts(ContainerEnvironment.CLIENT_PORT)
			.waitingFor(Wait.forHttp("/health").forPort(ContainerEnvironment.CLIENT_PORT));
		container.start();
		return new EtcdServer() {

			@Override
			public List<String> endpoints() {
				return List.of("http://%s:%d".formatted(container.getHost(),
						container.getMappedPort(ContainerEnvironment.CLIENT_PORT)));
			}

			@Override
			public void stop() {
				container.stop();
			}

		};
	}

	/**
	 * The container of a test class.
	 * @return its connection details, or {@code null} if there is none
	 */
	static @Nullable EtcdConnectionDetails of(Class<?> testClass) {
		EtcdConnectionDetails found = inFields(testClass);
		ImportTestcontainers imported = AnnotatedElementUtils.findMergedAnnotation(testClass,
				ImportTestcontainers.class);
		if (found == null && imported != null) {
			for (Class<?> type : imported.value()) {
				found = (found != null) ? found : inFields(type);
			}
		}
		return found;
	}

	private static @Nullable EtcdConnectionDetails inFields(Class<?> type) {
		for (Class<?> level = type; level != null && level != Object.class; level = level.getSuperclass()) {
			for (Field field : level.getDeclaredFields()) {
				ServiceConnection connection = AnnotatedElementUtils.findMergedAnnotation(field,
						ServiceConnection.class);
				if (connection != null && Modifier.isStatic(field.getModifiers())
						&& GenericContainer.class.isAssignableFrom(field.getType())) {
					ReflectionUtils.makeAccessible(field);
					GenericContainer<?> container = (GenericContainer<?>) ReflectionUtils.getField(field, null);
					if (container != null && isEtcd(container, connection)) {
						return new ContainerDetails(container);
					}
				}
			}
		}
		return null;
	}

	private static boolean isEtcd(GenericContainer<?> container, ServiceConnection connection) {
		if (connection.name().equals("etcd") || container.getClass().getSimpleName().equals("EtcdContainer")) {
			return true;
		}
		String image = container.getDockerImageName();
		for (String name : ContainerEnvironment.images()) {
			if (image.equals(name) || image.startsWith(name + ":") || image.contains("/" + name + ":")) {
				return true;
			}
		}
		return false;
	}

	/**
	 * Connection details of a container that is started when they are first used.
	 */
	private record ContainerDetails(GenericContainer<?> container) implements EtcdConnectionDetails {

		@Override
		public List<String> getEndpoints() {
			if (!this.container.isRunning()) {
				this.container.start();
			}
			return List.of(environment().endpoint(this.container.getHost(),
					this.container.getMappedPort(ContainerEnvironment.CLIENT_PORT), false));
		}

		@Override
		public @Nullable String getUsername() {
			return environment().username();
		}

		@Override
		public @Nullable String getPassword() {
			return environment().password();
		}

		private ContainerEnvironment environment() {
			return new ContainerEnvironment(this.container.getEnvMap(), List.of(this.container.getCommandParts()));
		}

	}

}
