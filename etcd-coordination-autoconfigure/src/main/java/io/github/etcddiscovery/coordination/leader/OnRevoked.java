package io.github.etcddiscovery.coordination.leader;

/**
 * What happens to running work of a leader when its leadership ends.
 */
public enum OnRevoked {

	/**
	 * As configured with {@code spring.cloud.etcd.leader.roles.<role>.on-revoke}, or else
	 * {@code spring.cloud.etcd.leader.on-revoke}.
	 */
	AS_CONFIGURED,

	/**
	 * The work is finished. If another leader must not work at the same time, the work
	 * has to check its {@link io.github.etcddiscovery.coordination.FencingToken}.
	 */
	FINISH,

	/**
	 * The thread of the work is interrupted, and a reactive chain is cancelled.
	 */
	INTERRUPT

}
