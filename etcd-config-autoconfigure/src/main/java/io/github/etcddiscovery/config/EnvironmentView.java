package io.github.etcddiscovery.config;

import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Set;
import java.util.TreeMap;
import java.util.TreeSet;

import io.github.etcddiscovery.config.EtcdConfigChangedEvent.Change;
import org.jspecify.annotations.Nullable;

import org.springframework.boot.context.properties.source.ConfigurationPropertySources;
import org.springframework.boot.origin.Origin;
import org.springframework.boot.origin.OriginLookup;
import org.springframework.core.env.AbstractEnvironment;
import org.springframework.core.env.ConfigurableEnvironment;
import org.springframework.core.env.EnumerablePropertySource;
import org.springframework.core.env.MutablePropertySources;
import org.springframework.core.env.PropertySource;

/**
 * The application's environment with a state of the configuration that need not be in use
 * yet.
 */
final class EnvironmentView extends AbstractEnvironment {

	private EnvironmentView() {
	}

	static EnvironmentView of(ConfigurableEnvironment environment, ConfigState state) {
		EnvironmentView view = new EnvironmentView();
		MutablePropertySources sources = view.getPropertySources();
		for (PropertySource<?> source : environment.getPropertySources()) {
			if (!ConfigurationPropertySources.isAttachedConfigurationPropertySource(source)) {
				sources.addLast((source instanceof EtcdPropertySource etcd) ? etcd.at(state) : source);
			}
		}
		view.setActiveProfiles(environment.getActiveProfiles());
		view.setDefaultProfiles(environment.getDefaultProfiles());
		view.setConversionService(environment.getConversionService());
		view.setIgnoreUnresolvableNestedPlaceholders(true);
		ConfigurationPropertySources.attach(view);
		return view;
	}

	@Override
	protected void customizePropertySources(MutablePropertySources propertySources) {
		// The profiles come from the application's environment
	}

	/**
	 * The properties whose values differ between this view and another one, as the
	 * application would see them. A change that is hidden by another source is left out;
	 * a property that refers to a changed one is included.
	 */
	List<Change> changes(EnvironmentView next) {
		Map<String, Change> changes = new TreeMap<>();
		for (String name : candidates(next)) {
			if (!Objects.equals(value(name), next.value(name))) {
				changes.put(name, new Change(name, origin(name), next.origin(name)));
			}
		}
		return new ArrayList<>(changes.values());
	}

	private Set<String> candidates(EnvironmentView next) {
		Set<String> names = new TreeSet<>();
		for (PropertySource<?> source : getPropertySources()) {
			if (source instanceof EtcdPropertySource before
					&& next.getPropertySources().get(source.getName()) instanceof EtcdPropertySource after) {
				addDifferent(before, after, names);
				addDifferent(after, before, names);
			}
		}
		if (!names.isEmpty()) {
			addReferring(names);
			next.addReferring(names);
		}
		return names;
	}

	private static void addDifferent(EtcdPropertySource source, EtcdPropertySource other, Set<String> names) {
		for (String name : source.getPropertyNames()) {
			if (!Objects.equals(source.getProperty(name), other.getProperty(name))) {
				names.add(name);
			}
		}
	}

	/**
	 * Any value with a placeholder may refer to a changed property.
	 */
	private void addReferring(Set<String> names) {
		for (PropertySource<?> source : getPropertySources()) {
			if (source instanceof EnumerablePropertySource<?> enumerable
					&& !ConfigurationPropertySources.isAttachedConfigurationPropertySource(source)) {
				for (String name : enumerable.getPropertyNames()) {
					if (String.valueOf(enumerable.getProperty(name)).contains("${")) {
						names.add(name);
					}
				}
			}
		}
	}

	private @Nullable Object value(String name) {
		try {
			return getProperty(name);
		}
		catch (RuntimeException ex) {
			// The value refers to itself or is not a string, so its raw form is compared
			return getPropertySources().stream()
				.map((source) -> source.getProperty(name))
				.filter(Objects::nonNull)
				.findFirst()
				.orElse(null);
		}
	}

	private @Nullable Origin origin(String name) {
		for (PropertySource<?> source : getPropertySources()) {
			if (!ConfigurationPropertySources.isAttachedConfigurationPropertySource(source)
					&& source.containsProperty(name)) {
				return OriginLookup.getOrigin(source, name);
			}
		}
		return null;
	}

}
