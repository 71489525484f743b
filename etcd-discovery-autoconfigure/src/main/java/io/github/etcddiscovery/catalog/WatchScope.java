package io.github.etcddiscovery.catalog;

/**
 * How much of etcd an application follows.
 */
public enum WatchScope {

	/**
	 * All services, in one mirror.
	 */
	PREFIX,

	/**
	 * Each service that is asked for, in a mirror of its own, while it is asked for.
	 */
	SERVICE

}
