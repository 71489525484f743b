package io.github.etcddiscovery.registry;

import io.github.etcddiscovery.instance.EtcdServiceInstance;
import io.github.etcddiscovery.instance.InstanceKey;
import io.github.etcddiscovery.instance.ServiceInstanceCodec;

/**
 * A format in which instances are written, and the beginning of their keys.
 *
 * @param codec the format
 * @param prefix the beginning of the keys, without a trailing slash; empty if they begin
 * with the name of the service
 */
public record WrittenFormat(ServiceInstanceCodec codec, String prefix) {

	/**
	 * The key of an instance in this format.
	 * @param instance the instance
	 * @return the key
	 */
	public InstanceKey key(EtcdServiceInstance instance) {
		InstanceKey key = this.codec.key(this.prefix, instance);
		return this.prefix.isEmpty() ? key.withoutPrefix() : key;
	}

}
