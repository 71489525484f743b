package io.github.etcddiscovery.registry;

import org.jspecify.annotations.Nullable;

/**
 * A change of a registration.
 *
 * @param type what happened
 * @param key the key of the registration
 * @param leaseId the id of the lease, or 0 when there is none
 * @param reason a sentence for people, or {@code null}
 */
public record RegistrationChange(Type type, String key, long leaseId, @Nullable String reason) {

	/**
	 * The kinds of change.
	 */
	public enum Type {

		/**
		 * The key is in etcd, for the first time.
		 */
		REGISTERED,

		/**
		 * The key is gone, or must be presumed gone for others because the lease could
		 * not be renewed for its whole time to live. The key is being put back.
		 */
		LOST,

		/**
		 * The key is in etcd again.
		 */
		RECOVERED,

		/**
		 * The key belongs to another live process. This process takes over when that one
		 * leaves.
		 */
		CONFLICTED,

		/**
		 * Another instance of the service owns the key, which several instances share.
		 * This process takes over when that one leaves.
		 */
		STANDING_BY,

		/**
		 * The registration was given up.
		 */
		DEREGISTERED

	}

}
