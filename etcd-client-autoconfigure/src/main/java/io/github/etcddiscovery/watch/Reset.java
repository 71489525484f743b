package io.github.etcddiscovery.watch;

/**
 * What happened to the store between two snapshots.
 */
public enum Reset {

	/**
	 * Nothing: one continues the other.
	 */
	NONE,

	/**
	 * It was wiped or restored.
	 */
	REWOUND,

	/**
	 * It is another one.
	 */
	OTHER_CLUSTER;

	static Reset between(Snapshot last, Snapshot next) {
		if (next.continues(last)) {
			return NONE;
		}
		return (last.clusterId() == next.clusterId()) ? REWOUND : OTHER_CLUSTER;
	}

}
