package io.github.etcddiscovery.go;

import java.net.URI;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.Stream;

import io.github.etcddiscovery.registry.EtcdRegistration;
import io.github.etcddiscovery.registry.EtcdServiceRegistry;
import org.awaitility.Awaitility;
import org.junit.jupiter.api.extension.AfterEachCallback;
import org.junit.jupiter.api.extension.ExtensionContext;

import org.springframework.boot.Banner;
import org.springframework.boot.SpringApplication;
import org.springframework.boot.WebApplicationType;
import org.springframework.boot.autoconfigure.EnableAutoConfiguration;
import org.springframework.cloud.client.ServiceInstance;
import org.springframework.cloud.client.discovery.DiscoveryClient;
import org.springframework.context.ConfigurableApplicationContext;
import org.springframework.context.annotation.Configuration;

import static org.assertj.core.api.Assertions.assertThat;

/**
 * Applications with the starter, of one test.
 */
final class JavaApplications implements AfterEachCallback {

	private static final Duration BOUND = Duration.ofSeconds(30);

	private final List<ConfigurableApplicationContext> contexts = new ArrayList<>();

	/**
	 * Run an application.
	 * @param etcd the endpoint
	 * @param properties what is set below {@code spring.cloud.etcd.discovery}
	 */
	ConfigurableApplicationContext run(String etcd, String... properties) {
		SpringApplication application = new SpringApplication(Application.class);
		application.setWebApplicationType(WebApplicationType.NONE);
		application.setBannerMode(Banner.Mode.OFF);
		Stream<String> common = Stream.of("--spring.application.name=orders", "--spring.cloud.etcd.endpoints=" + etcd,
				"--spring.cloud.etcd.discovery.ip-address=127.0.0.1");
		Stream<String> own = Stream.of(properties).map((property) -> "--spring.cloud.etcd.discovery." + property);
		ConfigurableApplicationContext context = application.run(Stream.concat(common, own).toArray(String[]::new));
		this.contexts.add(context);
		return context;
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

	}

}
