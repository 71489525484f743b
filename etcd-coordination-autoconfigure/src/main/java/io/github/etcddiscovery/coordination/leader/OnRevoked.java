package io.github.etcddiscovery.coordination.leader;

/**
 * What becomes of work that only the leader does, when its leadership ends meanwhile.
 */
public enum OnRevoked {

	/**
	 * As {@code spring.cloud.etcd.leader.roles.<role>.on-revoke} says, or
	 * {@code spring.cloud.etcd.leader.on-revoke}.
	 */
	AS_CONFIGURED,

	/**
	 * It is finished. Where another leader must not work at the same time, it has to
	 * check its {@link io.github.etcddiscovery.coordination.FencingToken}.
	 */
	FINISH,

	/**
	 * Its thread is interrupted, and a reactive chain is cancelled.
	 */
	INTERRUPT

}
