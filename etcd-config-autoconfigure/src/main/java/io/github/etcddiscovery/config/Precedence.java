package io.github.etcddiscovery.config;

/**
 * Which source takes precedence when both etcd and the application's own files set a
 * property. Environment variables, system properties and the command line take precedence
 * over both.
 */
public enum Precedence {

	/**
	 * Spring Boot's own order: an import takes precedence over the document that imports
	 * it, and the files of the active profiles over both.
	 */
	IMPORT,

	/**
	 * etcd takes precedence over all files of the application.
	 */
	HIGH,

	/**
	 * All files of the application take precedence over etcd.
	 */
	LOW

}
