package io.github.etcddiscovery.lease;

/**
 * Why a key had to be put back.
 */
public enum LossCause {

	/**
	 * The lease could not be renewed for its whole time to live.
	 */
	NOT_RENEWED,

	/**
	 * etcd answered a renewal that the lease had expired or was revoked.
	 */
	LEASE_ENDED,

	/**
	 * The key was deleted while its lease lived.
	 */
	KEY_DELETED,

	/**
	 * Another client wrote the key without the lease.
	 */
	KEY_OVERWRITTEN,

	/**
	 * Another live process had taken the key, and has left.
	 */
	CONFLICT

}
