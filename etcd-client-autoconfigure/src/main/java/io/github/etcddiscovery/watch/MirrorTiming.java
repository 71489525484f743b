package io.github.etcddiscovery.watch;

import java.time.Duration;

/**
 * When a mirror asks for something without having been told of anything.
 *
 * @param createTimeout how long etcd may take to set a watch up, and how long an event
 * may be under way
 * @param checkInterval how often the watch is asked whether it is alive; zero for never
 * @param auditInterval how often the mirror is compared with etcd; zero for never
 */
public record MirrorTiming(Duration createTimeout, Duration checkInterval, Duration auditInterval) {

	/**
	 * How often a watch is checked unless a person says otherwise: a silent one is
	 * noticed within twice this time.
	 */
	public static final Duration CHECK_INTERVAL = Duration.ofSeconds(3);

	/**
	 * A timing with the usual checks and no audits.
	 * @param createTimeout how long etcd may take to set a watch up
	 * @return the timing
	 */
	public static MirrorTiming of(Duration createTimeout) {
		return new MirrorTiming(createTimeout, CHECK_INTERVAL, Duration.ZERO);
	}

}
