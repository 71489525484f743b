package io.github.etcddiscovery.autoconfigure;

import java.util.HashMap;
import java.util.Map;

import org.springframework.boot.EnvironmentPostProcessor;
import org.springframework.boot.SpringApplication;
import org.springframework.core.env.ConfigurableEnvironment;
import org.springframework.core.env.MapPropertySource;

/**
 * Defaults for two neighbours, behind whatever the application sets itself. jetcd warns
 * of every attempt that failed, several times a second while etcd is away; the starter
 * says the same once. And Spring Cloud LoadBalancer's cache, which is bypassed, is not
 * made, nor recommended to be replaced.
 */
final class EtcdEnvironmentPostProcessor implements EnvironmentPostProcessor {

	private static final String SOURCE = "etcdDiscoveryDefaults";

	@Override
	public void postProcessEnvironment(ConfigurableEnvironment environment, SpringApplication application) {
		if (!environment.getProperty("spring.cloud.etcd.enabled", Boolean.class, true)) {
			return;
		}
		Map<String, Object> defaults = new HashMap<>();
		defaults.put("logging.level.io.etcd.jetcd.impl", "ERROR");
		if (environment.getProperty("spring.cloud.etcd.loadbalancer.enabled", Boolean.class, true)) {
			defaults.put("spring.cloud.loadbalancer.cache.enabled", "false");
		}
		environment.getPropertySources().addLast(new MapPropertySource(SOURCE, defaults));
	}

}
