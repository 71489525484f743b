package io.github.etcddiscovery.watch;

import org.jspecify.annotations.Nullable;

/**
 * A key and its value, as etcd has them.
 *
 * @param key the key
 * @param value the value; bytes that are not UTF-8 are replaced by U+FFFD. Empty if there
 * is a content instead
 * @param createRevision the revision at which the key was created
 * @param modRevision the revision at which the key was last written
 * @param lease the lease the key is attached to, or 0
 * @param content the object to which the value was converted when it arrived, or
 * {@code null}
 */
public record Entry(String key, String value, long createRevision, long modRevision, long lease,
		@Nullable Object content) {

	/**
	 * Create an entry whose value was not converted.
	 * @param key the key
	 * @param value the value
	 * @param createRevision the revision at which the key was created
	 * @param modRevision the revision at which the key was last written
	 * @param lease the lease the key is attached to, or 0
	 */
	public Entry(String key, String value, long createRevision, long modRevision, long lease) {
		this(key, value, createRevision, modRevision, lease, null);
	}

	/**
	 * Create an entry of a key that was written only once.
	 * @param key the key
	 * @param value the value
	 * @param revision the revision of the write
	 * @param lease the lease the key is attached to, or 0
	 */
	public Entry(String key, String value, long revision, long lease) {
		this(key, value, revision, revision, lease);
	}

	/**
	 * Replace the value by the object to which it was converted.
	 * @param content the object
	 * @return an entry without the value
	 */
	public Entry read(Object content) {
		return new Entry(this.key, "", this.createRevision, this.modRevision, this.lease, content);
	}

}
