package io.github.etcddiscovery.lease;

import java.time.Duration;

/**
 * The lease of this process, as far as this process knows.
 *
 * @param state the state of the lease
 * @param leaseId the id of the lease, or 0 when there is none
 * @param remaining the time until the lease expires if it is not renewed again, counted
 * from when the last successful renewal was sent; zero when the lease must be presumed
 * expired
 */
public record LeaseStatus(State state, long leaseId, Duration remaining) {

	/**
	 * The id of the lease as {@code etcdctl} prints it.
	 * @return the id in hexadecimal, or an empty string when there is no lease
	 */
	public String leaseIdInHex() {
		return (this.leaseId != 0) ? Long.toHexString(this.leaseId) : "";
	}

	/**
	 * The states of the lease.
	 */
	public enum State {

		/**
		 * Nothing needs a lease.
		 */
		IDLE,

		/**
		 * The first lease has been requested.
		 */
		GRANTING,

		/**
		 * etcd has the lease, and it is being renewed.
		 */
		ALIVE,

		/**
		 * The lease has ended, or must be presumed ended.
		 */
		RECOVERING,

		/**
		 * The lease was revoked, and none will follow.
		 */
		CLOSED

	}

}
