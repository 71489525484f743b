package io.github.etcddiscovery.catalog;

/**
 * How a catalog came to know what it knows of a range of keys. It only moves down this
 * list: what was read from etcd is never replaced by anything less, and is still answered
 * while etcd is away.
 */
public enum CatalogPhase {

	/**
	 * Nothing is known, which is not the same as that there is nothing. The first phase.
	 */
	UNKNOWN,

	/**
	 * What is known comes from the snapshot on disk. After {@link #UNKNOWN}.
	 */
	RESTORED,

	/**
	 * It was read from a single member while etcd had no majority, and may be out of
	 * date. After {@link #UNKNOWN} or {@link #RESTORED}.
	 */
	STALE,

	/**
	 * It was read from etcd, and has followed it since. After any other.
	 */
	FOLLOWING

}
