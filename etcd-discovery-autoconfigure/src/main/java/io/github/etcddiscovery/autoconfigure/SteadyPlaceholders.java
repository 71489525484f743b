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
 * Binds properties as often as asked for, with {@code ${random.…}} drawn once for each
 * place where it stands: an instance id must not differ from one look to the next. What
 * else a value refers to is looked up each time. Safe for use by any thread.
 */
final class SteadyPlaceholders {

	private final Environment environment;

	private final Map<String, String> drawn = new HashMap<>();

	SteadyPlaceholders(Environment environment) {
		this.environment = environment;
	}

	/**
	 * Look a single property up.
	 * @param early as in {@link #bind}
	 */
	@Nullable String get(String property, boolean early) {
		return withBinder(early, (binder) -> binder.bind(property, String.class).orElse(null));
	}

	/**
	 * Bind.
	 * @param early whether a value that refers to something unknown is one that is not
	 * set yet; otherwise it is left as it is
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
