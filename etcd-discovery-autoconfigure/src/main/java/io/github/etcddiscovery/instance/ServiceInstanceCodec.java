package io.github.etcddiscovery.instance;

import java.util.List;

/**
 * A format that instances are written in. Codecs are asked in order, and the first that
 * recognises the value's shape reads it. Implementations are safe for use by any thread,
 * do no I/O and answer quickly: they are called for every change.
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
	 * @return the instances it describes; empty when it rightly describes none
	 * @throws InvalidInstanceException if it describes an instance wrongly
	 */
	List<EtcdServiceInstance> decode(InstanceKey key, String value);

	/**
	 * Write an instance.
	 * @param instance the instance
	 * @return the value
	 */
	String encode(EtcdServiceInstance instance);

}
