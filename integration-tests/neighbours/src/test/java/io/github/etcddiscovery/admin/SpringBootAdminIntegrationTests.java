package io.github.etcddiscovery.admin;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Base64;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.TreeMap;
import java.util.function.Consumer;
import java.util.stream.Stream;

import de.codecentric.boot.admin.server.config.EnableAdminServer;
import de.codecentric.boot.admin.server.domain.entities.Instance;
import de.codecentric.boot.admin.server.domain.entities.InstanceRepository;
import io.github.etcddiscovery.testing.CertificateAuthority;
import io.github.etcddiscovery.testing.EtcdExtension;
import jakarta.servlet.Filter;
import jakarta.servlet.FilterChain;
import jakarta.servlet.ServletException;
import jakarta.servlet.http.HttpServletRequest;
import jakarta.servlet.http.HttpServletResponse;
import org.awaitility.Awaitility;
import org.awaitility.core.ConditionFactory;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.extension.RegisterExtension;
import org.junit.jupiter.api.io.TempDir;

import org.springframework.boot.WebApplicationType;
import org.springframework.boot.autoconfigure.EnableAutoConfiguration;
import org.springframework.boot.builder.SpringApplicationBuilder;
import org.springframework.cloud.client.discovery.DiscoveryClient;
import org.springframework.context.ApplicationContextInitializer;
import org.springframework.context.ConfigurableApplicationContext;
import org.springframework.context.annotation.Bean;
import org.springframework.context.annotation.Configuration;
import org.springframework.context.support.GenericApplicationContext;
import org.springframework.http.client.ReactorResourceFactory;
import org.springframework.web.filter.OncePerRequestFilter;

import static org.assertj.core.api.Assertions.assertThat;

/**
 * An unmodified Spring Boot Admin that finds applications in etcd, none of which sets
 * metadata for its sake but for the user and password of its actuator.
 */
@Timeout(180)
class SpringBootAdminIntegrationTests {

	private static final String OWN_PORT = "management.server.port=0";

	private static final String OWN_ADDRESS = "management.server.address=127.0.0.1";

	@RegisterExtension
	static final EtcdExtension etcd = EtcdExtension.single();

	private final List<ConfigurableApplicationContext> applications = new ArrayList<>();

	@TempDir
	private Path files;

	@AfterEach
	void closeApplications() {
		this.applications.forEach(ConfigurableApplicationContext::close);
	}

	@Test
	void showsEveryKindOfApplicationAsUp() {
		CertificateAuthority authority = new CertificateAuthority(this.files, "ca");
		CertificateAuthority.Issued certificate = authority.server("127.0.0.1");
		String bundle = "spring.ssl.bundle.pem.server.keystore.";
		String[] tls = { bundle + "certificate=" + certificate.certificate(),
				bundle + "private-key=" + certificate.key() };
		InstanceRepository admin = startAdmin(
				"spring.ssl.bundle.pem.ca.truststore.certificate=" + authority.certificate(),
				"spring.http.clients.ssl.bundle=ca");
		start("plain");
		start("own-port", OWN_PORT, OWN_ADDRESS);
		start("base-path", OWN_PORT, OWN_ADDRESS, "management.server.base-path=/ops",
				"management.endpoints.web.base-path=/manage");
		start("context-path", "server.servlet.context-path=/shop", "spring.mvc.servlet.path=/api");
		start("root", OWN_PORT, OWN_ADDRESS, "management.endpoints.web.base-path=/",
				"management.endpoints.web.path-mapping.health=healthz");
		start("tls", with(tls, "server.ssl.bundle=server"));
		start("tls-inside",
				with(tls, "server.ssl.bundle=server", OWN_PORT, OWN_ADDRESS, "management.server.ssl.enabled=false"));
		start("tls-on-both", with(tls, "server.ssl.bundle=server", OWN_PORT, OWN_ADDRESS));
		start("tls-for-management", with(tls, OWN_PORT, OWN_ADDRESS, "management.server.ssl.bundle=server"));
		start((bean) -> bean.registerBean(Filter.class, Guard::new), "guarded",
				"spring.cloud.etcd.discovery.metadata.user.name=admin",
				"spring.cloud.etcd.discovery.metadata.user.password=s3cret");
		List<String> names = List.of("base-path", "context-path", "guarded", "own-port", "plain", "root", "tls",
				"tls-for-management", "tls-inside", "tls-on-both");
		await().untilAsserted(() -> assertThat(statuses(admin)).isEqualTo(expected(names)));
		assertThat(etcd.admin().keys("services/own-port-management/")).hasSize(1);
		ConfigurableApplicationContext one = this.applications.get(1);
		assertThat(one.getBean(DiscoveryClient.class).getInstances("own-port-management")).hasSize(1);
		assertThat(one.getBean(DiscoveryClient.class).getServices()).containsExactlyElementsOf(names);
	}

	@Test
	void noticesAnApplicationThatLeavesAndComesBack() {
		InstanceRepository admin = startAdmin();
		ConfigurableApplicationContext application = start("app", OWN_PORT, OWN_ADDRESS);
		await().untilAsserted(() -> assertThat(statuses(admin)).isEqualTo(Map.of("app", List.of("UP"))));
		application.close();
		await().untilAsserted(() -> assertThat(statuses(admin)).isEmpty());
		start("app", OWN_PORT, OWN_ADDRESS);
		await().untilAsserted(() -> assertThat(statuses(admin)).isEqualTo(Map.of("app", List.of("UP"))));
	}

	private static Map<String, List<String>> expected(List<String> names) {
		Map<String, List<String>> expected = new TreeMap<>();
		names.forEach((name) -> expected.put(name, List.of("UP")));
		return expected;
	}

	/**
	 * The status of each instance, by the name that Admin shows.
	 */
	private static Map<String, List<String>> statuses(InstanceRepository admin) {
		Map<String, List<String>> statuses = new TreeMap<>();
		for (Instance instance : Objects.requireNonNull(admin.findAll().collectList().block())) {
			if (instance.isRegistered()) {
				statuses.computeIfAbsent(instance.getRegistration().getName(), (name) -> new ArrayList<>())
					.add(instance.getStatusInfo().getStatus());
			}
		}
		return statuses;
	}

	private InstanceRepository startAdmin(String... properties) {
		return run(AdminServer.class, (bean) -> {
		}, with(properties, "spring.application.name=admin", "spring.cloud.etcd.discovery.register=false",
				"spring.boot.admin.monitor.status-interval=5s"))
			.getBean(InstanceRepository.class);
	}

	private ConfigurableApplicationContext start(String name, String... properties) {
		return start((bean) -> {
		}, name, properties);
	}

	private ConfigurableApplicationContext start(Consumer<GenericApplicationContext> beans, String name,
			String... properties) {
		return run(Application.class, beans, with(properties, "spring.application.name=" + name));
	}

	private ConfigurableApplicationContext run(Class<?> source, Consumer<GenericApplicationContext> beans,
			String... properties) {
		ApplicationContextInitializer<GenericApplicationContext> initializer = beans::accept;
		ConfigurableApplicationContext application = new SpringApplicationBuilder(source)
			.web(WebApplicationType.SERVLET)
			.initializers(initializer)
			.properties(with(properties, "spring.cloud.etcd.endpoints=" + etcd.clientUrl(), "server.port=0",
					"server.address=127.0.0.1", "spring.cloud.config.enabled=false",
					"spring.cloud.etcd.discovery.drain=0s", "management.endpoints.web.exposure.include=*",
					"spring.main.banner-mode=off"))
			.run();
		this.applications.add(application);
		return application;
	}

	private static String[] with(String[] some, String... more) {
		return Stream.of(some, more).flatMap(Stream::of).toArray(String[]::new);
	}

	/**
	 * Patient, since a build shares its machine.
	 */
	private static ConditionFactory await() {
		return Awaitility.await().atMost(Duration.ofSeconds(60));
	}

	@Configuration(proxyBeanMethods = false)
	@EnableAutoConfiguration
	@EnableAdminServer
	static class AdminServer {

	}

	@Configuration(proxyBeanMethods = false)
	@EnableAutoConfiguration
	static class Application {

		/**
		 * Its own, or it would end that of the Admin server in the same JVM.
		 */
		@Bean
		ReactorResourceFactory reactorResourceFactory() {
			ReactorResourceFactory factory = new ReactorResourceFactory();
			factory.setUseGlobalResources(false);
			return factory;
		}

	}

	/**
	 * Lets nobody in who does not know the password.
	 */
	private static final class Guard extends OncePerRequestFilter {

		private static final String EXPECTED = "Basic "
				+ Base64.getEncoder().encodeToString("admin:s3cret".getBytes(StandardCharsets.UTF_8));

		@Override
		protected void doFilterInternal(HttpServletRequest request, HttpServletResponse response, FilterChain chain)
				throws ServletException, IOException {
			if (EXPECTED.equals(request.getHeader("Authorization"))) {
				chain.doFilter(request, response);
			}
			else {
				response.sendError(401);
			}
		}

	}

}
