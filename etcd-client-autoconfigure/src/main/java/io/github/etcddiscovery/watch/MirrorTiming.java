package io.github.etcddiscovery.watch;

import java.time.Duration;

/**
 * How often a mirror asks etcd for a sign of life, and compares itself with etcd.
 *
 * @param createTimeout how long etcd may take to set a watch up, and how long an event
 * may be under way
 * @param checkInterval how often the mirror asks the watch whether it is alive; zero for
 * never
 * @param auditInterval how often the mirror compares itself with etcd; zero for never
 */
public record MirrorTiming(Duration createTimeout, Duration checkInterval, Duration auditInterval) {

	/**
	 * How often a watch is checked by default. A silent watch is noticed within twice
	 * this time.
	 */
	public static final Duration CHECK_INTERVAL = Duration.ofSeconds(3);

	/**
	 * A timing with the default check interval and no audits.
	 * @param createTimeout how long etcd may take to set a watch up
	 * @return the timing
	 */
	public static MirrorTiming of(Duration createTimeout) {
		return new MirrorTiming(createTimeout, CHECK_INTERVAL, Duration.ZERO);
	}

}
