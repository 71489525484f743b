package io.github.etcddiscovery.catalog;

/**
 * The source of what a catalog knows about a range of keys. A phase is only followed by
 * later ones of this list: data from etcd is never replaced by data from a less reliable
 * source, and still answers look-ups while etcd is away.
 */
public enum CatalogPhase {

	/**
	 * Nothing is known, which is different from an empty range. The first phase.
	 */
	UNKNOWN,

	/**
	 * The data comes from the snapshot file. May follow {@link #UNKNOWN}.
	 */
	RESTORED,

	/**
	 * The data was read from a single member while etcd had no majority, and may be out
	 * of date. May follow {@link #UNKNOWN} or {@link #RESTORED}.
	 */
	STALE,

	/**
	 * The range was read from etcd and is followed since. May follow any other phase.
	 */
	FOLLOWING

}
