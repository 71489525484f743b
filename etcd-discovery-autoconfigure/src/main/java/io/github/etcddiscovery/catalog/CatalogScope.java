package io.github.etcddiscovery.catalog;

import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.stream.Stream;

/**
 * The mirrors of a catalog. Safe for use by any thread. No method waits.
 */
interface CatalogScope {

	void start();

	/**
	 * Stop the mirrors until they are started again.
	 */
	void stop();

	void close();

	/**
	 * A service is looked up: follow it if it is not followed yet.
	 */
	void use(String serviceId);

	/**
	 * Completes when etcd's instances of a service are known, or when the wait has timed
	 * out.
	 * @return a new future for each call
	 */
	CompletableFuture<Void> known(String serviceId);

	/**
	 * Completes when the names of all services are known, or when the wait has timed out.
	 * @return a new future for each call
	 */
	CompletableFuture<Void> namesKnown();

	boolean isKnown(String serviceId);

	boolean areNamesKnown();

	/**
	 * The names of the services that have an instance.
	 * @param catalog the current catalog
	 * @param management whether to include management ports
	 */
	List<String> names(Catalog catalog, boolean management);

	/**
	 * All mirrors that are in use.
	 */
	Stream<Mirror> mirrors();

	/**
	 * The mirrors that have a service. Does not count as a look-up.
	 */
	Stream<Mirror> mirrors(String serviceId);

}
