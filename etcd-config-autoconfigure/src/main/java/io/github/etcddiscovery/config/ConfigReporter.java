package io.github.etcddiscovery.config;

import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Objects;

import io.github.etcddiscovery.config.ConfigReport.Property;
import io.github.etcddiscovery.config.ConfigReport.Source;
import io.github.etcddiscovery.config.ConfigState.Freshness;
import org.jspecify.annotations.Nullable;

import org.springframework.boot.context.properties.source.ConfigurationPropertyName;
import org.springframework.boot.context.properties.source.ConfigurationPropertySource;
import org.springframework.boot.context.properties.source.ConfigurationPropertySources;
import org.springframework.core.env.ConfigurableEnvironment;
import org.springframework.core.env.PropertySource;

/**
 * Describes the present configuration. Safe for use by any thread.
 */
public final class ConfigReporter {

	/**
	 * Shown in place of a value that is encrypted in etcd.
	 */
	public static final String ENCRYPTED = "{cipher}…";

	private final ConfigurableEnvironment environment;

	private final EtcdConfig config;

	private final EtcdConfigRefresher refresher;

	/**
	 * Create a reporter.
	 * @param environment the environment with the properties
	 * @param config the configuration
	 * @param refresher follows the configuration
	 */
	public ConfigReporter(ConfigurableEnvironment environment, EtcdConfig config, EtcdConfigRefresher refresher) {
		this.environment = environment;
		this.config = config;
		this.refresher = refresher;
	}

	/**
	 * Describe the present configuration.
	 * @return the report, with all values
	 */
	public ConfigReport report() {
		ConfigState state = this.config.state();
		return new ConfigReport(state.revision(), this.refresher.getReadRevision(), this.refresher.getPinned(),
				state.readAt(), source(), this.refresher.getLastError(), this.refresher.getRefused(), sources(state),
				this.refresher.getHistory());
	}

	/**
	 * How the revision in use was read.
	 * @return {@code live}, {@code serializable}, {@code file} or {@code none}
	 */
	public String source() {
		Freshness freshness = this.config.state().freshness();
		return (freshness == Freshness.LINEARIZABLE) ? "live" : freshness.name().toLowerCase(Locale.ROOT);
	}

	/**
	 * The time since the configuration was last known to be that of etcd.
	 * @return zero while it is followed
	 */
	public Duration age() {
		ConfigState state = this.config.state();
		boolean current = state.freshness() == Freshness.LINEARIZABLE && this.refresher.getLastError() == null;
		return (current || state.revision() == 0) ? Duration.ZERO : Duration.between(state.readAt(), Instant.now());
	}

	/**
	 * The number of keys of etcd in use.
	 * @return the number
	 */
	public int keys() {
		return this.config.state().sources().values().stream().mapToInt((source) -> source.entries().size()).sum();
	}

	/**
	 * Whether a property comes from etcd and is encrypted there.
	 * @param source the source of the property
	 * @param name its name, in any form that binds to it
	 * @return whether its value must not be shown to anyone
	 */
	public static boolean isEncrypted(@Nullable PropertySource<?> source, String name) {
		return source instanceof EtcdPropertySource etcd && etcd.isEncrypted(name);
	}

	private List<Source> sources(ConfigState state) {
		List<PropertySource<?>> before = new ArrayList<>();
		List<Source> sources = new ArrayList<>();
		for (PropertySource<?> source : this.environment.getPropertySources()) {
			if (ConfigurationPropertySources.isAttachedConfigurationPropertySource(source)) {
				continue;
			}
			if (source instanceof EtcdPropertySource etcd) {
				sources.add(source(etcd.getSource(), state.of(etcd.getSource()), List.copyOf(before)));
			}
			before.add(source);
		}
		return sources;
	}

	private static Source source(ImportSource source, SourceState held, List<PropertySource<?>> before) {
		List<NamedSource> hiding = before.stream().map(NamedSource::of).filter(Objects::nonNull).toList();
		Map<String, Property> properties = new LinkedHashMap<>();
		held.values().forEach((name, value) -> {
			ConfigurationPropertyName canonical = ConfigurationPropertyName.adapt(name, '.');
			String shadow = hiding.stream()
				.filter((other) -> other.source.getConfigurationProperty(canonical) != null)
				.map((other) -> other.name)
				.findFirst()
				.orElse(null);
			properties.put(name, new Property(value.encrypted() ? ENCRYPTED : value.value(), value.origin().toString(),
					value.origin().getRevision(), shadow));
		});
		return new Source(source.name(), source.location(), held.entries().size(), properties, held.skipped());
	}

	private record NamedSource(String name, ConfigurationPropertySource source) {

		static @Nullable NamedSource of(PropertySource<?> source) {
			for (ConfigurationPropertySource adapted : ConfigurationPropertySources.from(source)) {
				return (adapted != null) ? new NamedSource(source.getName(), adapted) : null;
			}
			return null;
		}

	}

}
