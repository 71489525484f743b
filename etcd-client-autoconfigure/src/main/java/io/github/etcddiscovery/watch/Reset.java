package io.github.etcddiscovery.watch;

/**
 * What happened to the store between two snapshots.
 */
public enum Reset {

	/**
	 * Nothing: the later snapshot continues the earlier one.
	 */
	NONE,

	/**
	 * The store was wiped or restored: its revision went back.
	 */
	REWOUND,

	/**
	 * The store belongs to another cluster.
	 */
	OTHER_CLUSTER;

	static Reset between(Snapshot last, Snapshot next) {
		if (next.continues(last)) {
			return NONE;
		}
		return (last.clusterId() == next.clusterId()) ? REWOUND : OTHER_CLUSTER;
	}

}
