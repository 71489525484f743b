package io.github.etcddiscovery.discovery;

import java.util.Map;

import org.jspecify.annotations.Nullable;

import org.springframework.boot.context.properties.bind.DefaultValue;

/**
 * Settings for one service.
 *
 * @param key key of a service that others register without a prefix, such as user.rpc for
 * go-zero, without a trailing slash. The key and the keys below it are read in addition
 * to the prefixes, and never written
 * @param filter metadata that an instance must have to be called, such as version: 2; by
 * default all instances are called
 */
public record ServiceProperties(@Nullable String key, @DefaultValue Map<String, String> filter) {

	/**
	 * Copy the metadata.
	 */
	public ServiceProperties {
		filter = Map.copyOf(filter);
	}

	/**
	 * The name of a property of a service. A service name with dots is in brackets.
	 */
	static String propertyOf(String service, String property) {
		return (service.matches("[a-z0-9-]+") ? "services.%s.%s" : "services[%s].%s").formatted(service, property);
	}

}
