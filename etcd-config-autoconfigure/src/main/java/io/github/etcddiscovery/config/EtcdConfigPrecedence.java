package io.github.etcddiscovery.config;

import java.util.ArrayList;
import java.util.List;

import org.springframework.boot.EnvironmentPostProcessor;
import org.springframework.boot.SpringApplication;
import org.springframework.boot.context.config.ConfigDataEnvironmentPostProcessor;
import org.springframework.boot.env.DefaultPropertiesPropertySource;
import org.springframework.boot.env.RandomValuePropertySource;
import org.springframework.core.Ordered;
import org.springframework.core.env.ConfigurableEnvironment;
import org.springframework.core.env.MutablePropertySources;
import org.springframework.core.env.PropertySource;
import org.springframework.core.env.StandardEnvironment;

/**
 * Moves sources before or behind all files of the application, if an import asks for
 * that.
 */
final class EtcdConfigPrecedence implements EnvironmentPostProcessor, Ordered {

	@Override
	public int getOrder() {
		return ConfigDataEnvironmentPostProcessor.ORDER + 1;
	}

	@Override
	public void postProcessEnvironment(ConfigurableEnvironment environment, SpringApplication application) {
		MutablePropertySources sources = environment.getPropertySources();
		List<EtcdPropertySource> high = sources(sources, Precedence.HIGH);
		List<EtcdPropertySource> low = sources(sources, Precedence.LOW);
		high.forEach((source) -> sources.remove(source.getName()));
		low.forEach((source) -> sources.remove(source.getName()));
		String last = sources.contains(RandomValuePropertySource.RANDOM_PROPERTY_SOURCE_NAME)
				? RandomValuePropertySource.RANDOM_PROPERTY_SOURCE_NAME
				: StandardEnvironment.SYSTEM_ENVIRONMENT_PROPERTY_SOURCE_NAME;
		for (EtcdPropertySource source : high) {
			sources.addAfter(last, source);
			last = source.getName();
		}
		low.forEach(sources::addLast);
		DefaultPropertiesPropertySource.moveToEnd(environment);
	}

	private static List<EtcdPropertySource> sources(MutablePropertySources sources, Precedence precedence) {
		List<EtcdPropertySource> found = new ArrayList<>();
		for (PropertySource<?> source : sources) {
			if (source instanceof EtcdPropertySource etcd && etcd.getSource().precedence() == precedence) {
				found.add(etcd);
			}
		}
		return found;
	}

}
