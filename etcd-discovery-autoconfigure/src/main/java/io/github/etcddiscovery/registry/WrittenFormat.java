package io.github.etcddiscovery.registry;

import io.github.etcddiscovery.instance.EtcdServiceInstance;
import io.github.etcddiscovery.instance.InstanceKey;
import io.github.etcddiscovery.instance.ServiceInstanceCodec;

/**
 * A format that instances are written in, and where.
 *
 * @param codec the format
 * @param prefix the beginning of the keys, without a slash at its end; empty if they
 * begin with the name of the service
 */
public record WrittenFormat(ServiceInstanceCodec codec, String prefix) {

	/**
	 * Where an instance is written.
	 * @param instance the instance
	 * @return the key
	 */
	public InstanceKey key(EtcdServiceInstance instance) {
		InstanceKey key = this.codec.key(this.prefix, instance);
		return this.prefix.isEmpty() ? key.withoutPrefix() : key;
	}

}
