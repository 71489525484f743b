package io.github.etcddiscovery.catalog;

/**
 * Which services an application follows.
 */
public enum WatchScope {

	/**
	 * All services, in one mirror.
	 */
	PREFIX,

	/**
	 * Only services that are looked up, each in a mirror of its own, until the idle
	 * timeout after the last look-up.
	 */
	SERVICE

}
