package io.github.etcddiscovery.coordination;

import java.util.ArrayList;
import java.util.List;

import io.github.etcddiscovery.autoconfigure.EtcdClientAutoConfiguration;
import io.github.etcddiscovery.coordination.autoconfigure.EtcdCoordinationAutoConfiguration;
import io.github.etcddiscovery.coordination.leader.Elections;
import io.github.etcddiscovery.coordination.leader.Leadership;
import io.github.etcddiscovery.coordination.lock.Locks;

import org.springframework.boot.Banner;
import org.springframework.boot.WebApplicationType;
import org.springframework.boot.autoconfigure.ImportAutoConfiguration;
import org.springframework.boot.builder.SpringApplicationBuilder;
import org.springframework.boot.context.properties.EnableConfigurationProperties;
import org.springframework.context.ConfigurableApplicationContext;

/**
 * An application of a test with leader election and locks, and little else.
 */
public final class App implements AutoCloseable {

	private final ConfigurableApplicationContext context;

	private App(ConfigurableApplicationContext context) {
		this.context = context;
	}

	/**
	 * Start one.
	 * @param id its id in elections
	 * @param endpoint where etcd is
	 * @param classes what it has besides
	 * @param properties its properties
	 */
	public static App start(String id, String endpoint, List<Class<?>> classes, String... properties) {
		List<String> all = new ArrayList<>(List.of("spring.application.name=" + id,
				"spring.cloud.etcd.coordination.id=" + id, "spring.cloud.etcd.endpoints=" + endpoint,
				"spring.main.register-shutdown-hook=false", "spring.cloud.etcd.request-timeout=3s"));
		all.addAll(List.of(properties));
		List<Class<?>> sources = new ArrayList<>(classes);
		sources.add(Configuration.class);
		return new App(new SpringApplicationBuilder(sources.toArray(Class<?>[]::new)).web(WebApplicationType.NONE)
			.bannerMode(Banner.Mode.OFF)
			.logStartupInfo(false)
			.properties(all.toArray(String[]::new))
			.run());
	}

	public static App start(String id, String endpoint, String... properties) {
		return start(id, endpoint, List.of(), properties);
	}

	public Elections elections() {
		return get(Elections.class);
	}

	public Leadership campaign(String role) {
		return elections().campaign(role);
	}

	public Locks locks() {
		return get(Locks.class);
	}

	public <T> T get(Class<T> type) {
		return this.context.getBean(type);
	}

	public ConfigurableApplicationContext context() {
		return this.context;
	}

	@Override
	public void close() {
		this.context.close();
	}

	@org.springframework.context.annotation.Configuration(proxyBeanMethods = false)
	@EnableConfigurationProperties
	@ImportAutoConfiguration({ EtcdClientAutoConfiguration.class, EtcdCoordinationAutoConfiguration.class })
	static class Configuration {

	}

}
