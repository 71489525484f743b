package io.github.etcddiscovery.discovery;

import org.jspecify.annotations.Nullable;

/**
 * What is different for one service.
 *
 * @param key key that others register the service under without a prefix, such as
 * user.rpc for go-zero, without a slash at its end. The key and what stands below it are
 * read, beside the prefixes, and never written
 */
public record ServiceProperties(@Nullable String key) {

	/**
	 * How a property of a service is written; a name with dots stands in brackets.
	 */
	static String propertyOf(String service, String property) {
		return (service.matches("[a-z0-9-]+") ? "services.%s.%s" : "services[%s].%s").formatted(service, property);
	}

}
