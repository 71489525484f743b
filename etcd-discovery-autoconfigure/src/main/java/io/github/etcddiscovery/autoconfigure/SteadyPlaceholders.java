package io.github.etcddiscovery.autoconfigure;

import java.util.HashMap;
import java.util.Map;
import java.util.function.Function;

import io.github.etcddiscovery.client.BlankIsUnset;
import org.jspecify.annotations.Nullable;

import org.springframework.boot.context.properties.bind.AbstractBindHandler;
import org.springframework.boot.context.properties.bind.BindContext;
import org.springframework.boot.context.properties.bind.BindHandler;
import org.springframework.boot.context.properties.bind.Bindable;
import org.springframework.boot.context.properties.bind.Binder;
import org.springframework.boot.context.properties.bind.PropertySourcesPlaceholdersResolver;
import org.springframework.boot.context.properties.source.ConfigurationPropertyName;
import org.springframework.boot.context.properties.source.ConfigurationPropertySources;
import org.springframework.core.env.Environment;

/**
 * Binds properties repeatedly, with the same value for each {@code ${random.…}}
 * placeholder every time, since an instance id must not change. All other placeholders
 * are resolved each time. Safe for use by any thread.
 */
final class SteadyPlaceholders {

	private final Environment environment;

	private final Map<String, String> drawn = new HashMap<>();

	SteadyPlaceholders(Environment environment) {
		this.environment = environment;
	}

	/**
	 * Look up a single property.
	 * @param early see {@link #bind}
	 */
	@Nullable String get(String property, boolean early) {
		return withBinder(early, (binder) -> binder.bind(property, String.class).orElse(null));
	}

	/**
	 * Bind properties to a type.
	 * @param early whether a value with an unknown placeholder counts as not set yet;
	 * otherwise the placeholder is left as it is
	 */
	<T> T bind(String prefix, Class<T> type, boolean early) {
		return withBinder(early, (binder) -> binder.bindOrCreate(prefix, type));
	}

	private synchronized <T extends @Nullable Object> T withBinder(boolean early, Function<Binder, T> use) {
		Resolver resolver = new Resolver(early);
		BindHandler handler = new BlankIsUnset(new AbstractBindHandler() {

			@Override
			public <B> Bindable<B> onStart(ConfigurationPropertyName name, Bindable<B> target, BindContext context) {
				resolver.begin(name);
				return target;
			}

		});
		return use.apply(new Binder(ConfigurationPropertySources.get(this.environment), resolver, null, null, handler));
	}

	private final class Resolver extends PropertySourcesPlaceholdersResolver {

		private final boolean early;

		private String property = "";

		private int count;

		Resolver(boolean early) {
			super(SteadyPlaceholders.this.environment);
			this.early = early;
		}

		void begin(ConfigurationPropertyName name) {
			this.property = name.toString();
			this.count = 0;
		}

		@Override
		public @Nullable Object resolvePlaceholders(@Nullable Object value) {
			Object resolved = super.resolvePlaceholders(value);
			return (this.early && resolved instanceof String text && text.contains("${")) ? null : resolved;
		}

		@Override
		protected @Nullable String resolvePlaceholder(String placeholder) {
			if (!placeholder.startsWith("random.")) {
				return super.resolvePlaceholder(placeholder);
			}
			String place = "%s %d %s".formatted(this.property, this.count++, placeholder);
			return SteadyPlaceholders.this.drawn.computeIfAbsent(place, (any) -> super.resolvePlaceholder(placeholder));
		}

	}

}
