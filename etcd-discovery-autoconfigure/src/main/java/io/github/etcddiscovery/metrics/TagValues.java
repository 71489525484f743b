package io.github.etcddiscovery.metrics;

import java.util.Locale;

import io.github.etcddiscovery.core.EtcdAccessException;
import org.jspecify.annotations.Nullable;

/**
 * Converts constants to values of tags: lower case, with hyphens.
 */
final class TagValues {

	private TagValues() {
	}

	static String of(Enum<?> constant) {
		return constant.name().toLowerCase(Locale.ROOT).replace('_', '-');
	}

	static String outcome(@Nullable EtcdAccessException failure) {
		return (failure != null) ? of(failure.getKind()) : "success";
	}

}
