package io.github.etcddiscovery.go;

import java.net.URI;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;

import io.github.etcddiscovery.registry.EtcdRegistration;
import io.github.etcddiscovery.registry.EtcdServiceRegistry;
import io.github.etcddiscovery.testing.JavaApplication;
import io.grpc.BindableService;
import io.grpc.ServerServiceDefinition;
import org.awaitility.Awaitility;
import org.junit.jupiter.api.extension.AfterEachCallback;
import org.junit.jupiter.api.extension.ExtensionContext;

import org.springframework.boot.Banner;
import org.springframework.boot.SpringApplication;
import org.springframework.boot.SpringBootVersion;
import org.springframework.boot.WebApplicationType;
import org.springframework.boot.autoconfigure.EnableAutoConfiguration;
import org.springframework.cloud.client.ServiceInstance;
import org.springframework.cloud.client.discovery.DiscoveryClient;
import org.springframework.context.ConfigurableApplicationContext;
import org.springframework.context.annotation.Bean;
import org.springframework.context.annotation.Configuration;
import org.springframework.grpc.server.lifecycle.GrpcServerLifecycle;

import static org.assertj.core.api.Assertions.assertThat;

/**
 * Applications with the starter, of one test.
 */
public final class JavaApplications implements AfterEachCallback {

	private static final Duration BOUND = Duration.ofSeconds(30);

	private final List<ConfigurableApplicationContext> contexts = new ArrayList<>();

	/**
	 * Run an application.
	 * @param etcd the endpoint
	 * @param properties what is set below {@code spring.cloud.etcd.discovery}
	 */
	ConfigurableApplicationContext run(String etcd, String... properties) {
		return run(arguments(etcd, properties));
	}

	/**
	 * Run an application with a gRPC server, which answers health checks.
	 * @param etcd the endpoint
	 * @param properties what is set below {@code spring.cloud.etcd.discovery}
	 */
	ConfigurableApplicationContext serve(String etcd, String... properties) {
		return run(serving(etcd, properties));
	}

	/**
	 * The same in a JVM of its own.
	 */
	static JavaApplication serveElsewhere(String etcd, String... properties) {
		return JavaApplication.start(JavaApplications.class, List.of(), serving(etcd, properties));
	}

	/**
	 * The address of its gRPC server.
	 */
	static String grpcAddress(ConfigurableApplicationContext context) {
		return "127.0.0.1:" + context.getBean("nettyGrpcServerLifecycle", GrpcServerLifecycle.class).getPort();
	}

	private ConfigurableApplicationContext run(String[] arguments) {
		ConfigurableApplicationContext context = start(arguments);
		this.contexts.add(context);
		return context;
	}

	private static ConfigurableApplicationContext start(String[] arguments) {
		SpringApplication application = new SpringApplication(Application.class);
		application.setWebApplicationType(WebApplicationType.NONE);
		application.setBannerMode(Banner.Mode.OFF);
		application.setDefaultProperties(Map.of("spring.grpc.server.enabled", "false"));
		return application.run(arguments);
	}

	/**
	 * An application in a JVM of its own.
	 * @param args its arguments
	 */
	public static void main(String[] args) {
		start(args);
	}

	private static String[] serving(String etcd, String... properties) {
		// Spring gRPC for Boot 4.0 and Boot 4.1 name the address differently
		String address = SpringBootVersion.getVersion().startsWith("4.0.") ? "host" : "address";
		return Stream.concat(Stream.of(arguments(etcd, properties)),
				Stream.of("--spring.grpc.server.enabled=true", "--spring.grpc.server.port=0",
						"--spring.grpc.server.health.enabled=true", "--spring.grpc.server." + address + "=127.0.0.1"))
			.toArray(String[]::new);
	}

	private static String[] arguments(String etcd, String... properties) {
		Stream<String> common = Stream.of("--spring.application.name=orders", "--spring.cloud.etcd.endpoints=" + etcd,
				"--spring.cloud.etcd.discovery.ip-address=127.0.0.1");
		Stream<String> own = Stream.of(properties).map((property) -> "--spring.cloud.etcd.discovery." + property);
		return Stream.concat(common, own).toArray(String[]::new);
	}

	static void setStatus(ConfigurableApplicationContext context, String status) {
		context.getBean(EtcdServiceRegistry.class).setStatus(context.getBean(EtcdRegistration.class), status);
	}

	static List<ServiceInstance> instances(ConfigurableApplicationContext context, String service) {
		return context.getBean(DiscoveryClient.class).getInstances(service);
	}

	static void awaitAddresses(ConfigurableApplicationContext context, String service, String... addresses) {
		awaitAddresses(BOUND, context, service, addresses);
	}

	static void awaitAddresses(Duration bound, ConfigurableApplicationContext context, String service,
			String... addresses) {
		Awaitility.await()
			.atMost(bound)
			.untilAsserted(() -> assertThat(instances(context, service)).extracting(ServiceInstance::getUri)
				.extracting(URI::getAuthority)
				.containsExactlyInAnyOrder(addresses));
	}

	@Override
	public void afterEach(ExtensionContext context) {
		this.contexts.forEach(ConfigurableApplicationContext::close);
		this.contexts.clear();
	}

	@Configuration(proxyBeanMethods = false)
	@EnableAutoConfiguration
	static class Application {

		/**
		 * Boot 4.1 has a gRPC server only for services of the application's own.
		 */
		@Bean
		BindableService nothing() {
			return () -> ServerServiceDefinition.builder("nothing").build();
		}

	}

}
