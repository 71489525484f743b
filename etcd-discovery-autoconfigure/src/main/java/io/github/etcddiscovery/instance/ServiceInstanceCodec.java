package io.github.etcddiscovery.instance;

import java.util.List;
import java.util.Objects;

import org.jspecify.annotations.Nullable;

/**
 * A format of instances. A value is read by the first codec that recognises its shape;
 * beans of the application come before the built-in formats.
 * {@code spring.cloud.etcd.discovery.format} chooses the formats to write.
 * Implementations must be safe for use by any thread, do no I/O and be fast, because they
 * are called for every change.
 */
public interface ServiceInstanceCodec {

	/**
	 * Whether the value has this format's shape, well-formed or not.
	 * @param value the value
	 * @return {@code true} to read it
	 */
	boolean recognizes(String value);

	/**
	 * Read a value.
	 * @param key the key of the value
	 * @param value the value
	 * @return the instances of the key's service that the value describes, with different
	 * ids: usually one, with the id of the key; empty if a valid value describes none
	 * @throws InvalidInstanceException if the value is malformed
	 */
	List<EtcdServiceInstance> decode(InstanceKey key, String value);

	/**
	 * The key of an instance. When several instances have the same key, one of them owns
	 * it and the others stand by.
	 * @param prefix the prefix, without a trailing slash
	 * @param instance the instance
	 * @return {@code <prefix>/<service>/<instance-id>}, unless the format uses another
	 * key
	 */
	default InstanceKey key(String prefix, EtcdServiceInstance instance) {
		return new InstanceKey(prefix, instance.getServiceId(),
				Objects.requireNonNull(instance.getInstanceId(), "the instance has no id"));
	}

	/**
	 * Encode an instance. A codec that only reads need not implement this method.
	 * @param instance the instance
	 * @return the value, or {@code null} if an instance with this status must not be in
	 * etcd, which is how a format without a status keeps callers away
	 */
	default @Nullable String encode(EtcdServiceInstance instance) {
		throw new UnsupportedOperationException("%s does not write".formatted(getClass().getName()));
	}

}
