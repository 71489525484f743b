package io.github.etcddiscovery.watch;

/**
 * A key and its value as etcd holds them.
 *
 * @param key the key
 * @param value the value; what is not UTF-8 in it is replaced by U+FFFD
 * @param createRevision the revision since which the key is there
 * @param modRevision the revision of the last write
 * @param lease the lease the key is attached to, or 0
 */
public record Entry(String key, String value, long createRevision, long modRevision, long lease) {

	/**
	 * Create an entry that was written once.
	 * @param key the key
	 * @param value the value
	 * @param revision the revision of the write
	 * @param lease the lease the key is attached to, or 0
	 */
	public Entry(String key, String value, long revision, long lease) {
		this(key, value, revision, revision, lease);
	}

}
