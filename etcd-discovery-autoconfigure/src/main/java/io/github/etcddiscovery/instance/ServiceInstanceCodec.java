package io.github.etcddiscovery.instance;

import java.util.List;
import java.util.Objects;

import org.jspecify.annotations.Nullable;

/**
 * A format that instances are written in. To read, codecs are asked in order, and the
 * first that recognises the value's shape has the last word on it; beans of the
 * application come before the formats that are built in. To write, there is one, which
 * {@code spring.cloud.etcd.discovery.format} chooses. Implementations are safe for use by
 * any thread, do no I/O and answer quickly: they are called for every change.
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
	 * @param key where it was found
	 * @param value the value
	 * @return the instances of the key's service that it describes, with different ids:
	 * usually one, with the key's id; empty when it rightly describes none
	 * @throws InvalidInstanceException if it describes an instance wrongly
	 */
	List<EtcdServiceInstance> decode(InstanceKey key, String value);

	/**
	 * Where an instance is written. When several instances have the same key, one of them
	 * holds it and the others stand by.
	 * @param prefix the prefix, without a slash at its end
	 * @param instance the instance
	 * @return {@code <prefix>/<service>/<instance-id>}, unless the format has another
	 * place
	 */
	default InstanceKey key(String prefix, EtcdServiceInstance instance) {
		return new InstanceKey(prefix, instance.getServiceId(),
				Objects.requireNonNull(instance.getInstanceId(), "the instance has no id"));
	}

	/**
	 * Write an instance. A codec that only reads need not implement it.
	 * @param instance the instance
	 * @return the value, or {@code null} if an instance with this status is not to stand
	 * in etcd, which is how a format without a status says that it is not to be called
	 */
	default @Nullable String encode(EtcdServiceInstance instance) {
		throw new UnsupportedOperationException("%s does not write".formatted(getClass().getName()));
	}

}
