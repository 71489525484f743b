package io.github.etcddiscovery.watch;

/**
 * A range of keys: all keys that begin with a prefix, or a single key.
 *
 * @param key the prefix or the key
 * @param prefix whether {@code key} is a prefix
 * @param keysOnly whether values are left out
 */
public record KeyRange(String key, boolean prefix, boolean keysOnly) {

	/**
	 * All keys that begin with a prefix.
	 * @param prefix the prefix, including its trailing slash if it has one;
	 * {@code services/a} also covers {@code services/ab}
	 * @return the range
	 */
	public static KeyRange prefix(String prefix) {
		return new KeyRange(prefix, true, false);
	}

	/**
	 * One key.
	 * @param key the key
	 * @return the range
	 */
	public static KeyRange single(String key) {
		return new KeyRange(key, false, false);
	}

	/**
	 * The same keys with empty values, for callers that only need to know which keys
	 * exist.
	 * @return the range
	 */
	public KeyRange withoutValues() {
		return new KeyRange(this.key, this.prefix, true);
	}

	/**
	 * Whether a key is in the range.
	 * @param key the key, without the namespace of the connection
	 * @return {@code true} if the range contains the key
	 */
	public boolean contains(String key) {
		return this.prefix ? key.startsWith(this.key) : key.equals(this.key);
	}

	@Override
	public String toString() {
		return this.prefix ? this.key + "*" : this.key;
	}

}
