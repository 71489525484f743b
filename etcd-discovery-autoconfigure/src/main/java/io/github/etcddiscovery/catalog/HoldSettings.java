package io.github.etcddiscovery.catalog;

import java.time.Duration;

/**
 * When instances that vanish without a goodbye are held.
 *
 * @param enabled whether such instances are held
 * @param threshold the share of a service's instances that must vanish at once, at least
 * 0 and less than 1
 * @param minimumInstances how many instances a service must have
 * @param duration how long an instance is held
 */
public record HoldSettings(boolean enabled, double threshold, int minimumInstances, Duration duration) {

	/**
	 * The default settings, which are those of the properties.
	 * @return the settings
	 */
	public static HoldSettings defaults() {
		return new HoldSettings(true, 0.5, 3, Duration.ofSeconds(60));
	}

}
