package io.github.etcddiscovery.watch;

/**
 * The keys that a mirror is of: all that begin with a prefix, or one key.
 *
 * @param key the prefix or the key
 * @param prefix whether it is a prefix
 */
public record KeyRange(String key, boolean prefix) {

	/**
	 * All keys that begin with a prefix.
	 * @param prefix the prefix, with the slash at its end if it has one
	 * @return the range
	 */
	public static KeyRange prefix(String prefix) {
		return new KeyRange(prefix, true);
	}

	/**
	 * One key.
	 * @param key the key
	 * @return the range
	 */
	public static KeyRange single(String key) {
		return new KeyRange(key, false);
	}

	@Override
	public String toString() {
		return this.prefix ? this.key + "*" : this.key;
	}

}
