package io.github.etcddiscovery.watch;

import java.util.Collection;
import java.util.HashSet;
import java.util.Set;

/**
 * One comparison of a mirror with what etcd holds. A key counts as different only if the
 * watch was silent about it from before the list was read until the comparison: then the
 * difference is older than the list, and the time an event may take has passed since.
 */
final class Audit {

	private final Snapshot start;

	private final Set<String> touched = new HashSet<>();

	/**
	 * Create an audit, before the list is read.
	 * @param start the mirror's snapshot now
	 */
	Audit(Snapshot start) {
		this.start = start;
	}

	/**
	 * The watch delivered changes of these keys.
	 */
	void touched(Collection<String> keys) {
		this.touched.addAll(keys);
	}

	/**
	 * Whether the list comes from a store that is not the one the mirror follows any
	 * more.
	 */
	boolean isReset(Snapshot listed) {
		return listed.clusterId() != this.start.clusterId() || listed.revision() < this.start.revision();
	}

	/**
	 * The keys that the mirror is wrong about.
	 * @param listed what etcd holds
	 * @param mirror what the mirror holds, the time of an event later
	 */
	Set<String> differences(Snapshot listed, Snapshot mirror) {
		Set<String> differences = listed.differences(mirror);
		differences.removeAll(this.touched);
		return differences;
	}

}
