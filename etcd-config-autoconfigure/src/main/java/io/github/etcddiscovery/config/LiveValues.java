package io.github.etcddiscovery.config;

import java.util.Collection;
import java.util.HashMap;
import java.util.Map;
import java.util.Objects;

import org.jspecify.annotations.Nullable;

import org.springframework.boot.context.properties.ConfigurationProperties;
import org.springframework.boot.context.properties.bind.Bindable;
import org.springframework.boot.context.properties.source.ConfigurationPropertyName;
import org.springframework.context.ConfigurableApplicationContext;
import org.springframework.core.ResolvableType;
import org.springframework.core.annotation.AnnotatedElementUtils;

/**
 * The configuration properties that are injected as {@link Live}, one object for each
 * type.
 */
public final class LiveValues {

	private final ConfigurableApplicationContext context;

	private final @Nullable EtcdConfig config;

	private final Map<Class<?>, LiveValue<?>> values = new HashMap<>();

	private @Nullable PropertiesBinder binder;

	/**
	 * Create it.
	 * @param context the context with the environment
	 * @param config the configuration, or {@code null} if nothing is imported from etcd,
	 * so nothing changes
	 */
	public LiveValues(ConfigurableApplicationContext context, @Nullable EtcdConfig config) {
		this.context = context;
		this.config = config;
	}

	synchronized PropertiesBinder binder() {
		PropertiesBinder binder = this.binder;
		if (binder == null) {
			binder = new PropertiesBinder(this.context);
			this.binder = binder;
		}
		return binder;
	}

	/**
	 * The live properties of a type.
	 * @param <T> the type
	 * @param type the type, annotated with {@code @ConfigurationProperties}
	 * @return always the same object
	 */
	@SuppressWarnings("unchecked")
	public synchronized <T> Live<T> of(ResolvableType type) {
		Class<?> resolved = type.resolve(Object.class);
		LiveValue<?> value = this.values.get(resolved);
		if (value == null) {
			ConfigurationProperties annotation = AnnotatedElementUtils.findMergedAnnotation(resolved,
					ConfigurationProperties.class);
			if (annotation == null) {
				throw new IllegalArgumentException(
						"Live<%s> needs a class that is annotated with @ConfigurationProperties"
							.formatted(resolved.getSimpleName()));
			}
			value = new LiveValue<>(resolved, annotation);
			value.set(value.bind(binder(), EnvironmentView.of(this.context.getEnvironment(), state())));
			this.values.put(resolved, value);
		}
		return (Live<T>) value;
	}

	private ConfigState state() {
		return (this.config != null) ? this.config.state() : ConfigState.none();
	}

	/**
	 * Bind the objects again to which one of the properties belongs.
	 * @throws RejectedException if values can't be bound or are not valid
	 */
	synchronized Map<LiveValue<?>, Object> bind(Collection<ConfigurationPropertyName> names, EnvironmentView view) {
		Map<LiveValue<?>, Object> bound = new HashMap<>();
		for (LiveValue<?> value : this.values.values()) {
			if (value.isAffectedBy(names)) {
				try {
					bound.put(value, value.bind(binder(), view));
				}
				catch (RuntimeException ex) {
					throw new RejectedException(
							"%s, for Live<%s>".formatted(PropertiesBinder.problem(ex), value.type.getSimpleName()), ex);
				}
			}
		}
		return bound;
	}

	/**
	 * The properties of one type.
	 */
	static final class LiveValue<T> implements Live<T> {

		private final Class<T> type;

		private final ConfigurationProperties annotation;

		private final ConfigurationPropertyName prefix;

		private volatile @Nullable T value;

		LiveValue(Class<T> type, ConfigurationProperties annotation) {
			this.type = type;
			this.annotation = annotation;
			this.prefix = ConfigurationPropertyName.adapt(annotation.prefix(), '.');
		}

		T bind(PropertiesBinder binder, EnvironmentView view) {
			return binder.bind(view, this.annotation,
					Bindable.of(this.type).withAnnotations(this.type.getAnnotations()));
		}

		boolean isAffectedBy(Collection<ConfigurationPropertyName> names) {
			return names.stream().anyMatch((name) -> this.prefix.equals(name) || this.prefix.isAncestorOf(name));
		}

		@SuppressWarnings("unchecked")
		void set(Object value) {
			this.value = (T) value;
		}

		@Override
		public T get() {
			return Objects.requireNonNull(this.value);
		}

		@Override
		public String toString() {
			return "Live<%s>".formatted(this.type.getSimpleName());
		}

	}

}
