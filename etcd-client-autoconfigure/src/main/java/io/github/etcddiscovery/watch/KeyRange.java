package io.github.etcddiscovery.watch;

/**
 * The keys that a mirror is of: all that begin with a prefix, or one key.
 *
 * @param key the prefix or the key
 * @param prefix whether it is a prefix
 * @param keysOnly whether the values are left out
 */
public record KeyRange(String key, boolean prefix, boolean keysOnly) {

	/**
	 * All keys that begin with a prefix.
	 * @param prefix the prefix, with the slash at its end if it has one
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
	 * The same keys with empty values: to know which there are.
	 * @return the range
	 */
	public KeyRange withoutValues() {
		return new KeyRange(this.key, this.prefix, true);
	}

	/**
	 * Whether a key is in the range.
	 * @param key the key
	 * @return {@code true} if it is
	 */
	public boolean contains(String key) {
		return this.prefix ? key.startsWith(this.key) : key.equals(this.key);
	}

	@Override
	public String toString() {
		return this.prefix ? this.key + "*" : this.key;
	}

}
