package io.github.etcddiscovery.config;

import java.util.function.Supplier;

import org.jspecify.annotations.Nullable;

import org.springframework.boot.context.properties.source.ConfigurationPropertyName;
import org.springframework.boot.origin.Origin;
import org.springframework.boot.origin.OriginLookup;
import org.springframework.core.env.EnumerablePropertySource;

/**
 * The present properties of one source in etcd. It stores none itself: all sources of an
 * application share one state, so one write changes all of them at once. Safe for use by
 * any thread.
 */
final class EtcdPropertySource extends EnumerablePropertySource<ImportSource> implements OriginLookup<String> {

	private final Supplier<ConfigState> state;

	EtcdPropertySource(ImportSource source, Supplier<ConfigState> state) {
		super(source.name(), source);
		this.state = state;
	}

	/**
	 * The properties of this source in another state; they never change.
	 */
	EtcdPropertySource at(ConfigState state) {
		return new EtcdPropertySource(getSource(), () -> state);
	}

	private SourceState current() {
		return this.state.get().of(getSource());
	}

	@Override
	public String[] getPropertyNames() {
		return current().names();
	}

	@Override
	public boolean containsProperty(String name) {
		return current().values().containsKey(name);
	}

	@Override
	public @Nullable Object getProperty(String name) {
		ConfigValue value = current().values().get(name);
		return (value != null) ? value.value() : null;
	}

	@Override
	public @Nullable Origin getOrigin(String name) {
		ConfigValue value = current().values().get(name);
		return (value != null) ? value.origin() : null;
	}

	/**
	 * Whether a property is encrypted in etcd.
	 * @param name its name, in any form that binds to it
	 */
	boolean isEncrypted(String name) {
		ConfigurationPropertyName canonical = ConfigurationPropertyName.adapt(name, '.');
		return current().values()
			.entrySet()
			.stream()
			.anyMatch((value) -> value.getValue().encrypted()
					&& ConfigurationPropertyName.adapt(value.getKey(), '.').equals(canonical));
	}

}
