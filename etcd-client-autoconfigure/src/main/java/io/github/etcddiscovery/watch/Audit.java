package io.github.etcddiscovery.watch;

import java.util.Collection;
import java.util.HashSet;
import java.util.Set;

/**
 * One comparison of a mirror with etcd. A key counts as different only if the watch
 * reported nothing about it from before the list was read until the comparison. Then the
 * difference is older than the list, and any event for it has had time to arrive.
 */
final class Audit {

	private final Snapshot start;

	private final Set<String> touched = new HashSet<>();

	/**
	 * Create an audit. To be called before the list is read.
	 * @param start the mirror's current snapshot
	 */
	Audit(Snapshot start) {
		this.start = start;
	}

	/**
	 * Exclude keys, because the watch has delivered changes of them.
	 */
	void touched(Collection<String> keys) {
		this.touched.addAll(keys);
	}

	/**
	 * Whether the list comes from a store that was wiped, restored or replaced.
	 */
	boolean isReset(Snapshot listed) {
		return listed.clusterId() != this.start.clusterId() || listed.revision() < this.start.revision();
	}

	/**
	 * The keys whose entries the mirror has wrong.
	 * @param listed what etcd had
	 * @param mirror what the mirror has, once any event has had time to arrive
	 */
	Set<String> differences(Snapshot listed, Snapshot mirror) {
		Set<String> differences = listed.differences(mirror);
		differences.removeAll(this.touched);
		return differences;
	}

}
