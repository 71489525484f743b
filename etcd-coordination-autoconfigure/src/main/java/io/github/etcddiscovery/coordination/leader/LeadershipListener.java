package io.github.etcddiscovery.coordination.leader;

import io.github.etcddiscovery.coordination.FencingToken;

/**
 * Is told of every leadership of this process, one call at a time for a role, on a thread
 * of the role. It may block; while it does, what comes next for the role waits, and the
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
	 * This process does not lead any more. Told once for each {@link #granted}.
	 * @param leadership the leadership
	 * @param token the token it had
	 */
	void revoked(Leadership leadership, FencingToken token);

}
