package io.github.etcddiscovery.core;

import java.time.Duration;

import io.github.etcddiscovery.core.EtcdAccessException.Kind;

import org.springframework.util.backoff.BackOffExecution;
import org.springframework.util.backoff.ExponentialBackOff;

/**
 * How long to wait before a retry: an exponential back-off whose jitter spans nearly the
 * whole delay, so that many clients that lost etcd at the same moment do not return at
 * the same moment. Confined to its owner's loop.
 */
public final class RetryDelays {

	private static final long INITIAL_MILLIS = 200;

	/**
	 * Steep enough to spread the second delay over seconds: with a gentler slope, clients
	 * that lost etcd together return together.
	 */
	private static final double MULTIPLIER = 12;

	private static final long TIMED_OUT_JITTER_MILLIS = 800;

	/**
	 * Of five members, two may be cut off while the others still have a majority.
	 */
	private static final int LEADERLESS_MEMBERS = 2;

	private final ExponentialBackOff backOff;

	private final ExponentialBackOff timedOut;

	private BackOffExecution execution;

	private int leaderless;

	/**
	 * Create delays that grow from 200 ms.
	 * @param max the longest delay, at least half a second
	 */
	public RetryDelays(Duration max) {
		this.backOff = new ExponentialBackOff(INITIAL_MILLIS, MULTIPLIER);
		this.backOff.setMaxInterval(Math.max(max.toMillis(), 500));
		this.backOff.setJitter(INITIAL_MILLIS);
		this.timedOut = new ExponentialBackOff(INITIAL_MILLIS, 1);
		this.timedOut.setJitter(TIMED_OUT_JITTER_MILLIS);
		this.execution = this.backOff.start();
	}

	/**
	 * The delay after a failure. A request that timed out has waited already, so it does
	 * not lengthen the back-off. Nor do the first members without a leader: members are
	 * asked in turn, and the next one may have a leader. Only a person can fix a refusal
	 * by etcd's access control, so those are retried slowly.
	 * @param kind what went wrong
	 * @return the delay
	 */
	public Duration after(Kind kind) {
		return switch (kind) {
			case TIMED_OUT, CANCELLED -> Duration.ofMillis(this.timedOut.start().nextBackOff());
			case NO_LEADER -> Duration.ofMillis(afterNoLeader().nextBackOff());
			case UNAUTHENTICATED -> Duration.ofMillis(1000 + this.execution.nextBackOff());
			case PERMISSION_DENIED -> Duration.ofMillis(5000 + this.execution.nextBackOff());
			default -> Duration.ofMillis(this.execution.nextBackOff());
		};
	}

	private BackOffExecution afterNoLeader() {
		return (this.leaderless++ < LEADERLESS_MEMBERS) ? this.backOff.start() : this.execution;
	}

	/**
	 * Start from the shortest delay again, because a try has succeeded.
	 */
	public void reset() {
		this.leaderless = 0;
		this.execution = this.backOff.start();
	}

}
