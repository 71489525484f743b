package io.github.etcddiscovery.catalog;

import java.util.List;

import io.github.etcddiscovery.instance.EtcdServiceInstance;
import io.github.etcddiscovery.instance.InstanceStatus;
import io.github.etcddiscovery.watch.Entry;

/**
 * An entry of etcd and the instances that it describes. Immutable.
 *
 * @param entry the entry
 * @param instances the instances that were read from its value
 */
record Reading(Entry entry, List<EtcdServiceInstance> instances) {

	boolean wantsCalls() {
		return this.instances.stream().anyMatch((instance) -> instance.getStatus() == InstanceStatus.UP);
	}

}
