package io.github.etcddiscovery.client;

import java.time.Duration;

/**
 * How long a request may take, and when another member is asked as well.
 *
 * @param timeout how long until there is an answer or a failure, over all members
 * @param patience how long one member may keep it waiting before the next one is tried: a
 * member that has not connected until then is given up; one that has is given up only by
 * a request that is hedged, which then waits for whichever answers first
 * @param hedged whether it does no harm when two members are asked at the same time
 * @param leaderless whether a member without a leader may answer
 */
record CallPolicy(Duration timeout, Duration patience, boolean hedged, boolean leaderless) {

	private static final Duration LONGEST_PATIENCE = Duration.ofMillis(1500);

	/**
	 * A request that is made of one member at a time.
	 */
	static CallPolicy of(Duration timeout) {
		Duration quarter = timeout.dividedBy(4);
		return new CallPolicy(timeout, (quarter.compareTo(LONGEST_PATIENCE) < 0) ? quarter : LONGEST_PATIENCE, false,
				false);
	}

	/**
	 * The same, asked of a second member while the first keeps it waiting.
	 */
	CallPolicy andHedged() {
		return new CallPolicy(this.timeout, this.patience, true, this.leaderless);
	}

	/**
	 * The same, answered by members without a leader too.
	 */
	CallPolicy andLeaderless() {
		return new CallPolicy(this.timeout, this.patience, this.hedged, true);
	}

}
