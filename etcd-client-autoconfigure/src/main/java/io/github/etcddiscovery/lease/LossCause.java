package io.github.etcddiscovery.lease;

/**
 * Why a registration had to be put back.
 */
public enum LossCause {

	/**
	 * The lease could not be renewed for its whole time to live.
	 */
	NOT_RENEWED,

	/**
	 * The lease had ended or was revoked when it was to be renewed.
	 */
	LEASE_ENDED,

	/**
	 * The key was deleted while its lease lived.
	 */
	KEY_DELETED,

	/**
	 * Somebody wrote the key without the lease.
	 */
	KEY_OVERWRITTEN,

	/**
	 * Another live process had taken the key, and left.
	 */
	CONFLICT

}
