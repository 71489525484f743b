package io.github.etcddiscovery.discovery;

import java.time.Duration;

import org.jspecify.annotations.Nullable;

import org.springframework.boot.context.properties.ConfigurationProperties;
import org.springframework.boot.context.properties.bind.DefaultValue;
import org.springframework.boot.context.properties.source.InvalidConfigurationPropertyValueException;

/**
 * How services are discovered.
 *
 * @param enabled whether services are registered and discovered in etcd
 * @param prefix beginning of all keys, without a slash at its end
 * @param syncTimeout how long look-ups wait for the first synchronisation with etcd,
 * counted from the start of the application
 * @param order order of this discovery client among others
 */
@ConfigurationProperties("spring.cloud.etcd.discovery")
public record EtcdDiscoveryProperties(@DefaultValue("true") boolean enabled, @DefaultValue("services") String prefix,
		@DefaultValue("5s") Duration syncTimeout, @DefaultValue("0") int order) {

	/**
	 * Check what can be checked before anything is asked of etcd.
	 */
	public EtcdDiscoveryProperties {
		require(!prefix.isBlank(), "prefix", prefix, "It must not be empty: all of etcd would be taken for services");
		require(!prefix.endsWith("/"), "prefix", prefix, "It must not end with a slash: one is put behind it");
		require(prefix.codePoints().noneMatch(Character::isISOControl), "prefix", prefix.strip(),
				"It must not have control characters");
		require(!syncTimeout.isNegative(), "sync-timeout", syncTimeout, "It must not be negative");
	}

	private static void require(boolean condition, String property, @Nullable Object value, String rule) {
		if (!condition) {
			throw new InvalidConfigurationPropertyValueException("spring.cloud.etcd.discovery." + property, value,
					rule);
		}
	}

}
