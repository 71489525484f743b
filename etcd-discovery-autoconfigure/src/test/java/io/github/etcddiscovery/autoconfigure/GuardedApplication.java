package io.github.etcddiscovery.autoconfigure;

import java.time.Duration;
import java.util.HashMap;
import java.util.List;
import java.util.Map;

import io.etcd.jetcd.Client;
import io.github.etcddiscovery.discovery.EtcdDiscoveryClient;
import io.github.etcddiscovery.discovery.ServiceCatalog;
import org.awaitility.Awaitility;
import org.awaitility.core.ConditionFactory;

import org.springframework.boot.Banner;
import org.springframework.boot.SpringApplication;
import org.springframework.boot.WebApplicationType;
import org.springframework.boot.autoconfigure.EnableAutoConfiguration;
import org.springframework.cloud.client.ServiceInstance;
import org.springframework.context.ConfigurableApplicationContext;
import org.springframework.context.annotation.Configuration;

/**
 * An application named "app" whose etcd does not let everybody in.
 */
final class GuardedApplication implements AutoCloseable {

	private final ConfigurableApplicationContext context;

	private GuardedApplication(ConfigurableApplicationContext context) {
		this.context = context;
	}

	/**
	 * Start.
	 * @param properties names that begin with a dot are those of etcd
	 */
	static GuardedApplication run(Map<String, ?> properties) {
		SpringApplication application = new SpringApplication(Application.class);
		application.setWebApplicationType(WebApplicationType.NONE);
		application.setBannerMode(Banner.Mode.OFF);
		Map<String, Object> all = new HashMap<>(
				Map.of("spring.application.name", "app", "spring.cloud.etcd.discovery.port", "8080",
						"spring.cloud.etcd.discovery.drain", "0s", "spring.ssl.bundle.watch.file.quiet-period", "100ms",
						"logging.level.io.github.etcddiscovery", "DEBUG"));
		properties.forEach((name, value) -> all.put(name.startsWith(".") ? "spring.cloud.etcd" + name : name, value));
		application.setDefaultProperties(all);
		return new GuardedApplication(application.run());
	}

	/**
	 * Patient, since a build shares its machine.
	 */
	static ConditionFactory await() {
		return Awaitility.await().atMost(Duration.ofSeconds(30));
	}

	List<String> services() {
		return this.context.getBean(EtcdDiscoveryClient.class).getServices();
	}

	List<String> urls(String service) {
		return this.context.getBean(EtcdDiscoveryClient.class)
			.getInstances(service)
			.stream()
			.map(ServiceInstance::getUri)
			.map(String::valueOf)
			.toList();
	}

	boolean isSynced() {
		return this.context.getBean(ServiceCatalog.class).state().synced();
	}

	long relists() {
		return this.context.getBean(ServiceCatalog.class).state().relists();
	}

	Client client() {
		return this.context.getBean(Client.class);
	}

	ConfigurableApplicationContext context() {
		return this.context;
	}

	@Override
	public void close() {
		this.context.close();
	}

	@Configuration(proxyBeanMethods = false)
	@EnableAutoConfiguration
	static class Application {

	}

}
