package io.github.etcddiscovery.test;

import java.util.List;

/**
 * A running etcd.
 */
interface EtcdServer {

	/**
	 * The endpoints.
	 * @return client URLs
	 */
	List<String> endpoints();

	/**
	 * Stop etcd.
	 */
	void stop();

}
