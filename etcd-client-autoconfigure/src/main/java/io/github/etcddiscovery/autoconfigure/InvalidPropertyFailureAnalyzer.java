package io.github.etcddiscovery.autoconfigure;

import java.time.Duration;
import java.util.Objects;
import java.util.stream.Stream;
import java.util.stream.StreamSupport;

import io.github.etcddiscovery.core.EscapedText;
import org.jspecify.annotations.Nullable;

import org.springframework.boot.context.properties.source.ConfigurationProperty;
import org.springframework.boot.context.properties.source.ConfigurationPropertyName;
import org.springframework.boot.context.properties.source.ConfigurationPropertySources;
import org.springframework.boot.context.properties.source.InvalidConfigurationPropertyValueException;
import org.springframework.boot.convert.DurationStyle;
import org.springframework.boot.diagnostics.AbstractFailureAnalyzer;
import org.springframework.boot.diagnostics.FailureAnalysis;
import org.springframework.boot.origin.Origin;
import org.springframework.core.annotation.Order;
import org.springframework.core.env.Environment;

/**
 * Explains which of the starter's properties is wrong and which values are valid. Comes
 * before Spring Boot's own analyzers: one of them hides our sentence behind class names
 * when properties are bound by constructor, the other shows the value as it was set,
 * which may contain a password.
 */
@Order(0)
final class InvalidPropertyFailureAnalyzer extends AbstractFailureAnalyzer<InvalidConfigurationPropertyValueException> {

	private final Environment environment;

	InvalidPropertyFailureAnalyzer(Environment environment) {
		this.environment = environment;
	}

	@Override
	protected @Nullable FailureAnalysis analyze(Throwable rootFailure,
			InvalidConfigurationPropertyValueException cause) {
		String property = cause.getName();
		if (!property.startsWith("spring.cloud.etcd.")) {
			return null;
		}
		return new FailureAnalysis(describe(property, text(cause.getValue())) + ".", cause.getReason() + ".", cause);
	}

	private String describe(String property, String value) {
		if (value.isEmpty()) {
			return "The property '%s' is not set".formatted(property);
		}
		Origin origin = origin(property);
		return "The property '%s' cannot be '%s'%s".formatted(property, value,
				(origin != null) ? " (from %s)".formatted(origin) : "");
	}

	private static String text(@Nullable Object value) {
		if (value instanceof Duration duration) {
			return DurationStyle.SIMPLE.print(duration);
		}
		return (value != null) ? EscapedText.of(value.toString()) : "";
	}

	/**
	 * Where the property was set, as a single value or as a list.
	 */
	private @Nullable Origin origin(String property) {
		ConfigurationPropertyName name = ConfigurationPropertyName.of(property);
		return StreamSupport.stream(ConfigurationPropertySources.get(this.environment).spliterator(), false)
			.flatMap((source) -> Stream.of(name, name.append("[0]")).map(source::getConfigurationProperty))
			.filter(Objects::nonNull)
			.map(ConfigurationProperty::getOrigin)
			.filter(Objects::nonNull)
			.findFirst()
			.orElse(null);
	}

}
