package io.github.etcddiscovery.test;

import java.util.List;

/**
 * An etcd that runs.
 */
interface EtcdServer {

	/**
	 * Where it is.
	 * @return client URLs
	 */
	List<String> endpoints();

	/**
	 * End it.
	 */
	void stop();

}
