package io.github.etcddiscovery.core;

import java.time.Duration;
import java.util.concurrent.ThreadLocalRandom;

/**
 * Spreads what many processes would otherwise do in the same moment.
 */
public final class Jitter {

	private static final double WIDTH = 0.25;

	private Jitter() {
	}

	/**
	 * A duration near the given one.
	 * @param duration the duration
	 * @return between three and five quarters of it
	 */
	public static Duration around(Duration duration) {
		double factor = 1 + ThreadLocalRandom.current().nextDouble(-WIDTH, WIDTH);
		return Duration.ofNanos((long) (duration.toNanos() * factor));
	}

}
