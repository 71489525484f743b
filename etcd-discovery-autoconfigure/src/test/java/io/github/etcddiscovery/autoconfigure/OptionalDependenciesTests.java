package io.github.etcddiscovery.autoconfigure;

import java.io.File;
import java.net.MalformedURLException;
import java.net.URL;
import java.net.URLClassLoader;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.Map;
import java.util.function.Supplier;
import java.util.regex.Pattern;

import io.github.etcddiscovery.client.EtcdConnectionDetails;
import org.junit.jupiter.api.Test;

import org.springframework.boot.Banner;
import org.springframework.boot.SpringApplication;
import org.springframework.boot.WebApplicationType;
import org.springframework.boot.autoconfigure.EnableAutoConfiguration;
import org.springframework.boot.autoconfigure.service.connection.ConnectionDetailsFactories;
import org.springframework.cloud.client.discovery.DiscoveryClient;
import org.springframework.cloud.client.serviceregistry.Registration;
import org.springframework.context.ConfigurableApplicationContext;
import org.springframework.context.annotation.Configuration;

import static org.assertj.core.api.Assertions.assertThat;

/**
 * Runs an application without anything that is optional, in a class loader where it is
 * really missing: a condition that works says nothing of the code behind it.
 */
class OptionalDependenciesTests {

	private static final Pattern OPTIONAL = Pattern.compile("(?:reactor-|spring-(?:web|retry|boot-actuator|boot-health"
			+ "|boot-reactor|boot-testcontainers|boot-docker-compose|cloud-config|cloud-gateway|boot-restclient|boot-http|boot-web(?!-server)|cloud-loadbalancer|cloud-starter-loadbalancer"
			+ "|boot-starter-(?:actuator|web|restclient|cache|cloud))|spring-boot-cache|testcontainers|docker-java|jetcd-launcher|micrometer-|jakarta\\.servlet-|tomcat-).*\\.jar");

	@Test
	@SuppressWarnings("unchecked")
	void startsWithoutWhatIsOptional() throws Exception {
		URL[] urls = Arrays.stream(System.getProperty("java.class.path").split(File.pathSeparator))
			.map(Path::of)
			.filter((path) -> !OPTIONAL.matcher(path.getFileName().toString()).matches())
			.map(OptionalDependenciesTests::url)
			.toArray(URL[]::new);
		ClassLoader before = Thread.currentThread().getContextClassLoader();
		// Never closed: gRPC's threads outlive its clients for a moment and load classes
		URLClassLoader loader = new URLClassLoader(urls, ClassLoader.getPlatformClassLoader());
		try {
			for (String missing : new String[] { "reactor.core.publisher.Flux", "jakarta.servlet.Filter",
					"org.springframework.web.client.RestClient",
					"org.springframework.cloud.loadbalancer.core.ReactorLoadBalancer",
					"org.springframework.boot.actuate.endpoint.annotation.Endpoint",
					"org.springframework.boot.testcontainers.service.connection.ServiceConnection",
					"org.testcontainers.containers.GenericContainer",
					"org.springframework.boot.docker.compose.core.RunningService",
					"org.springframework.cloud.config.client.ConfigServerInstanceProvider" }) {
				assertThat(isPresent(missing, loader)).as(missing).isFalse();
			}
			Thread.currentThread().setContextClassLoader(loader);
			Supplier<String> program = (Supplier<String>) loader.loadClass(Program.class.getName())
				.getDeclaredConstructor()
				.newInstance();
			assertThat(program.get()).isEqualTo("app [] PropertiesEtcdConnectionDetails");
		}
		finally {
			Thread.currentThread().setContextClassLoader(before);
		}
	}

	private static boolean isPresent(String name, ClassLoader loader) {
		try {
			loader.loadClass(name);
			return true;
		}
		catch (ClassNotFoundException ex) {
			return false;
		}
	}

	private static URL url(Path path) {
		try {
			return path.toUri().toURL();
		}
		catch (MalformedURLException ex) {
			throw new IllegalArgumentException(ex);
		}
	}

	/**
	 * Loaded a second time, by the class loader in which the optional classes are
	 * missing.
	 */
	public static final class Program implements Supplier<String> {

		@Override
		public String get() {
			SpringApplication application = new SpringApplication(Application.class);
			application.setWebApplicationType(WebApplicationType.NONE);
			application.setBannerMode(Banner.Mode.OFF);
			application.setDefaultProperties(Map.of("spring.application.name", "app", "spring.cloud.etcd.endpoints",
					"http://127.0.0.1:1", "spring.cloud.etcd.discovery.port", "8080",
					"spring.cloud.etcd.discovery.sync-timeout", "0"));
			try (ConfigurableApplicationContext context = application.run()) {
				// Loads the factories of containers too, as Spring Boot does for other
				// containers
				new ConnectionDetailsFactories(null);
				return context.getBean(Registration.class).getServiceId() + " "
						+ context.getBean(DiscoveryClient.class).getInstances("app") + " "
						+ context.getBean(EtcdConnectionDetails.class).getClass().getSimpleName();
			}
		}

	}

	@Configuration(proxyBeanMethods = false)
	@EnableAutoConfiguration
	static class Application {

	}

}
