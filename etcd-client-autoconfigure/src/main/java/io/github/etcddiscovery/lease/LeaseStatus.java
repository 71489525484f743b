package io.github.etcddiscovery.lease;

import java.time.Duration;

/**
 * The lease of this process, as far as it knows.
 *
 * @param state the state of the lease
 * @param leaseId its id, or 0 when there is none
 * @param remaining how long the lease lives on from now without another renewal, counted
 * from when the last successful one was sent; zero when it must be supposed to have ended
 */
public record LeaseStatus(State state, long leaseId, Duration remaining) {

	/**
	 * The id as {@code etcdctl} prints it.
	 * @return the id in hexadecimal, or an empty text when there is no lease
	 */
	public String leaseIdInHex() {
		return (this.leaseId != 0) ? Long.toHexString(this.leaseId) : "";
	}

	/**
	 * The states of the lease.
	 */
	public enum State {

		/**
		 * There is nothing to keep.
		 */
		IDLE,

		/**
		 * The first lease is being asked for.
		 */
		GRANTING,

		/**
		 * The lease is renewed: keys stand under it, or are being put there.
		 */
		ALIVE,

		/**
		 * The lease has ended, or must be supposed to have.
		 */
		RECOVERING,

		/**
		 * Closed for good.
		 */
		CLOSED

	}

}
