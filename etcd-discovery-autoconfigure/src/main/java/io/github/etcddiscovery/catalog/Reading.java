package io.github.etcddiscovery.catalog;

import java.util.List;

import io.github.etcddiscovery.instance.EtcdServiceInstance;
import io.github.etcddiscovery.instance.InstanceStatus;
import io.github.etcddiscovery.watch.Entry;

/**
 * What stands at a key, and the instances that it describes. Immutable.
 *
 * @param entry what etcd has
 * @param instances what was read from it
 */
record Reading(Entry entry, List<EtcdServiceInstance> instances) {

	boolean wantsCalls() {
		return this.instances.stream().anyMatch((instance) -> instance.getStatus() == InstanceStatus.UP);
	}

}
