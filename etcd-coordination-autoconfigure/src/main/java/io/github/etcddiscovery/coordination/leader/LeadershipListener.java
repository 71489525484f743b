package io.github.etcddiscovery.coordination.leader;

import io.github.etcddiscovery.coordination.FencingToken;

/**
 * Is called for every leadership of this process, one call at a time for a role, on a
 * thread of the role. It may block; meanwhile the next calls for the role wait, and the
 * role is not handed over for up to {@code spring.cloud.etcd.leader.step-down-timeout}.
 */
public interface LeadershipListener {

	/**
	 * This process leads.
	 * @param leadership the leadership
	 * @param token its token
	 */
	void granted(Leadership leadership, FencingToken token);

	/**
	 * This process no longer leads. Called once for each {@link #granted}.
	 * @param leadership the leadership
	 * @param token its former token
	 */
	void revoked(Leadership leadership, FencingToken token);

}
