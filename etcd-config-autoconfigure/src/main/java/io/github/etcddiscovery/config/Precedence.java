package io.github.etcddiscovery.config;

/**
 * What counts when both etcd and the application's own files set a property. Environment
 * variables, system properties and the command line count more than either.
 */
public enum Precedence {

	/**
	 * As Spring Boot has it: an import counts more than the document that imports it, and
	 * less than the files of the active profiles.
	 */
	IMPORT,

	/**
	 * etcd counts more than all files of the application.
	 */
	HIGH,

	/**
	 * etcd counts less than all files of the application.
	 */
	LOW

}
