package io.github.etcddiscovery.client;

import java.time.Duration;

/**
 * How long a request may take, and when it also asks another member.
 *
 * @param timeout the time for an answer or a failure, over all members
 * @param patience how long the request waits for one member before it asks the next one.
 * A member that has not connected by then is passed by. With a member that has connected,
 * only a hedged request asks another one, and takes whichever answer comes first
 * @param hedged whether two members may be asked at the same time
 * @param leaderless whether a member without a leader may answer
 */
record CallPolicy(Duration timeout, Duration patience, boolean hedged, boolean leaderless) {

	private static final Duration LONGEST_PATIENCE = Duration.ofMillis(1500);

	/**
	 * The policy for a request that asks one member at a time.
	 */
	static CallPolicy of(Duration timeout) {
		Duration quarter = timeout.dividedBy(4);
		return new CallPolicy(timeout, (quarter.compareTo(LONGEST_PATIENCE) < 0) ? quarter : LONGEST_PATIENCE, false,
				false);
	}

	/**
	 * The same policy, hedged: it asks a second member while the first one does not
	 * answer.
	 */
	CallPolicy andHedged() {
		return new CallPolicy(this.timeout, this.patience, true, this.leaderless);
	}

	/**
	 * The same policy, which also accepts the answer of a member without a leader.
	 */
	CallPolicy andLeaderless() {
		return new CallPolicy(this.timeout, this.patience, this.hedged, true);
	}

}
