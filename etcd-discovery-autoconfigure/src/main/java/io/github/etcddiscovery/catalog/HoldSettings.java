package io.github.etcddiscovery.catalog;

import java.time.Duration;

/**
 * When instances that vanish without a goodbye are held.
 *
 * @param enabled whether such instances are held at all
 * @param threshold share of a service that has to vanish at once, between 0 and 1
 * @param minimumInstances how many instances a service has to have
 * @param duration how long an instance is held
 */
public record HoldSettings(boolean enabled, double threshold, int minimumInstances, Duration duration) {

	/**
	 * The defaults of the properties.
	 * @return the settings
	 */
	public static HoldSettings defaults() {
		return new HoldSettings(true, 0.5, 3, Duration.ofSeconds(60));
	}

}
