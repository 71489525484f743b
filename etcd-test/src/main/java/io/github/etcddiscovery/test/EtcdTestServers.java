package io.github.etcddiscovery.test;

import java.nio.file.Path;
import java.util.HashMap;
import java.util.List;
import java.util.Map;

import io.github.etcddiscovery.client.EtcdConnectionDetails;
import org.jspecify.annotations.Nullable;

import org.springframework.test.context.TestContextAnnotationUtils;
import org.springframework.util.ClassUtils;

/**
 * The etcds of the tests of this JVM, which stop with it, as cached contexts do, and the
 * etcd of the current test class.
 */
final class EtcdTestServers {

	private static final boolean TESTCONTAINERS = ClassUtils.isPresent("org.testcontainers.containers.GenericContainer",
			null)
			&& ClassUtils.isPresent("org.springframework.boot.testcontainers.service.connection.ServiceConnection",
					null);

	private static final Map<List<String>, EtcdServer> servers = new HashMap<>();

	private static final ThreadLocal<@Nullable EtcdConnectionDetails> current = new ThreadLocal<>();

	private EtcdTestServers() {
	}

	static @Nullable EtcdTest annotation(Class<?> testClass) {
		return TestContextAnnotationUtils.findMergedAnnotation(testClass, EtcdTest.class);
	}

	/**
	 * The connection details of the etcd of a test class.
	 * @return the details, or {@code null} if the class has no etcd that this class knows
	 * of
	 */
	static @Nullable EtcdConnectionDetails details(Class<?> testClass) {
		EtcdConnectionDetails container = TESTCONTAINERS ? EtcdTestContainer.of(testClass) : null;
		EtcdTest annotation = annotation(testClass);
		if (container != null || annotation == null) {
			return container;
		}
		return new ServerDetails(server(annotation).endpoints());
	}

	private static synchronized EtcdServer server(EtcdTest annotation) {
		return servers.computeIfAbsent(List.of(annotation.keys()), (keys) -> {
			EtcdServer started = start(annotation);
			Runtime.getRuntime().addShutdownHook(new Thread(started::stop, "etcd-test"));
			return started;
		});
	}

	private static EtcdServer start(EtcdTest annotation) {
		Path executable = EtcdProcess.executable();
		if (executable != null) {
			return EtcdProcess.start(executable);
		}
		if (!TESTCONTAINERS) {
			throw new IllegalStateException("@EtcdTest needs etcd on the path, 'ETCD_EXECUTABLE' in the environment, "
					+ "or spring-boot-testcontainers and Docker");
		}
		return EtcdTestContainer.start(annotation.image());
	}

	static void enter(@Nullable EtcdConnectionDetails details) {
		current.set(details);
	}

	static @Nullable EtcdConnectionDetails current() {
		return current.get();
	}

	static void leave() {
		current.remove();
	}

	private record ServerDetails(List<String> endpoints) implements EtcdConnectionDetails {

		@Override
		public List<String> getEndpoints() {
			return this.endpoints;
		}

	}

}
