package io.github.etcddiscovery.registry;

/**
 * How a registration of this process stands.
 */
public enum RegistrationState {

	/**
	 * It is being put into etcd for the first time.
	 */
	PENDING,

	/**
	 * Its key stands in etcd, as far as this process can know.
	 */
	REGISTERED,

	/**
	 * Its key is gone, or others must be supposed to see it gone. It is being put back.
	 */
	LOST,

	/**
	 * Its key belongs to another live process. It is taken when that one leaves.
	 */
	CONFLICTED,

	/**
	 * Its key, which several instances share, is held by another one. It is taken when
	 * that one leaves.
	 */
	STANDING_BY

}
