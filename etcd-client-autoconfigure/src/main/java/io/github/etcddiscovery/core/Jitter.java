package io.github.etcddiscovery.core;

import java.time.Duration;
import java.util.concurrent.ThreadLocalRandom;

/**
 * Spreads over time what many processes would otherwise do at the same moment.
 */
public final class Jitter {

	private static final double WIDTH = 0.25;

	private Jitter() {
	}

	/**
	 * Vary a duration at random.
	 * @param duration the average
	 * @return between 75% and 125% of it
	 */
	public static Duration around(Duration duration) {
		double factor = 1 + ThreadLocalRandom.current().nextDouble(-WIDTH, WIDTH);
		return Duration.ofNanos((long) (duration.toNanos() * factor));
	}

}
