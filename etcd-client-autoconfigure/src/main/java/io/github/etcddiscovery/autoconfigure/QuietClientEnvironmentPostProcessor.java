package io.github.etcddiscovery.autoconfigure;

import java.util.Map;

import org.springframework.boot.EnvironmentPostProcessor;
import org.springframework.boot.SpringApplication;
import org.springframework.boot.env.DefaultPropertiesPropertySource;
import org.springframework.core.env.ConfigurableEnvironment;

/**
 * Silences jetcd, behind whatever the application sets itself: it warns of every attempt
 * that failed, several times a second while etcd is away; the starter says the same once.
 */
final class QuietClientEnvironmentPostProcessor implements EnvironmentPostProcessor {

	private static final String LEVEL = "logging.level.io.etcd.jetcd.impl";

	@Override
	public void postProcessEnvironment(ConfigurableEnvironment environment, SpringApplication application) {
		if (environment.getProperty("spring.cloud.etcd.enabled", Boolean.class, true)
				&& !environment.containsProperty(LEVEL)) {
			DefaultPropertiesPropertySource.addOrMerge(Map.of(LEVEL, "ERROR"), environment.getPropertySources());
		}
	}

}
