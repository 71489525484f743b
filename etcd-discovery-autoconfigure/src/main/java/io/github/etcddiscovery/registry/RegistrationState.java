package io.github.etcddiscovery.registry;

/**
 * The states of a registration of this process.
 */
public enum RegistrationState {

	/**
	 * The key has not been written yet.
	 */
	PENDING,

	/**
	 * The key is in etcd, as far as this process can know.
	 */
	REGISTERED,

	/**
	 * The key is gone, or must be presumed gone for others. It is being put back.
	 */
	LOST,

	/**
	 * The key belongs to another live process. This process takes over when that one
	 * leaves.
	 */
	CONFLICTED,

	/**
	 * Another instance owns the key, which several instances share. This process takes
	 * over when that one leaves.
	 */
	STANDING_BY

}
