package io.github.etcddiscovery.autoconfigure;

import java.util.Map;

import org.springframework.boot.EnvironmentPostProcessor;
import org.springframework.boot.SpringApplication;
import org.springframework.boot.env.DefaultPropertiesPropertySource;
import org.springframework.core.env.ConfigurableEnvironment;

/**
 * Sets jetcd's log level so that its warnings are off, unless the application configures
 * it. jetcd warns of every failed attempt, several times a second while etcd is away; the
 * starter logs the same once.
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
