package io.github.etcddiscovery.registry;

import org.jspecify.annotations.Nullable;

/**
 * What became of a registration.
 *
 * @param type what happened
 * @param key the registration's key
 * @param leaseId the lease, or 0 when there is none
 * @param reason why, for people; {@code null} when there is nothing to say
 */
public record RegistrationChange(Type type, String key, long leaseId, @Nullable String reason) {

	/**
	 * What can happen to a registration.
	 */
	public enum Type {

		/**
		 * The key stands in etcd, for the first time.
		 */
		REGISTERED,

		/**
		 * The key is gone, or the lease could not be renewed for its whole time to live,
		 * so that others must be supposed to see it gone. It is being put back.
		 */
		LOST,

		/**
		 * The key stands in etcd again.
		 */
		RECOVERED,

		/**
		 * The key belongs to another live process. It is taken when that one leaves.
		 */
		CONFLICTED,

		/**
		 * The key is held by another instance of the service, as keys are that several
		 * share. It is taken when that one leaves.
		 */
		STANDING_BY,

		/**
		 * The key was given up.
		 */
		DEREGISTERED

	}

}
