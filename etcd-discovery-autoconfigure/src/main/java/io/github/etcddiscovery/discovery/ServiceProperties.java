package io.github.etcddiscovery.discovery;

import java.util.Map;

import org.jspecify.annotations.Nullable;

import org.springframework.boot.context.properties.bind.DefaultValue;

/**
 * What is different for one service.
 *
 * @param key key that others register the service under without a prefix, such as
 * user.rpc for go-zero, without a slash at its end. The key and what stands below it are
 * read, beside the prefixes, and never written
 * @param filter metadata that an instance must have to be called, such as version: 2; all
 * instances by default
 */
public record ServiceProperties(@Nullable String key, @DefaultValue Map<String, String> filter) {

	/**
	 * Take the metadata as they are now.
	 */
	public ServiceProperties {
		filter = Map.copyOf(filter);
	}

	/**
	 * How a property of a service is written; a name with dots stands in brackets.
	 */
	static String propertyOf(String service, String property) {
		return (service.matches("[a-z0-9-]+") ? "services.%s.%s" : "services[%s].%s").formatted(service, property);
	}

}
