package io.github.etcddiscovery.instance;

import java.util.List;

/**
 * Reads what stands under a prefix, whatever format it is in: the limits come first, then
 * the first codec that recognises the value. Safe for use by any thread.
 */
public final class InstanceReader {

	/**
	 * An instance is some hundred bytes; what is a hundred times larger is not one.
	 */
	private static final int MAX_VALUE_LENGTH = 64 * 1024;

	private final String prefix;

	private final List<ServiceInstanceCodec> codecs;

	/**
	 * Create a reader.
	 * @param prefix the prefix, without a slash at its end
	 * @param codecs the formats, in the order they are asked
	 */
	public InstanceReader(String prefix, List<? extends ServiceInstanceCodec> codecs) {
		this.prefix = prefix;
		this.codecs = List.copyOf(codecs);
	}

	/**
	 * The service that a key belongs to.
	 * @param key the key
	 * @return its parts
	 * @throws InvalidInstanceException if it names none
	 */
	public InstanceKey key(String key) {
		return InstanceKey.parse(this.prefix, key);
	}

	/**
	 * Read a value.
	 * @param key where it was found
	 * @param value the value
	 * @return the instances
	 * @throws InvalidInstanceException if it can't be read
	 */
	public List<EtcdServiceInstance> read(InstanceKey key, String value) {
		if (value.length() > MAX_VALUE_LENGTH) {
			throw new InvalidInstanceException(
					"the value has %d characters, more than %d".formatted(value.length(), MAX_VALUE_LENGTH));
		}
		for (ServiceInstanceCodec codec : this.codecs) {
			if (codec.recognizes(value)) {
				return codec.decode(key, value);
			}
		}
		throw new InvalidInstanceException("the value '%s' has no known format".formatted(EscapedText.of(value)));
	}

}
