package io.github.etcddiscovery.catalog;

import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.stream.Stream;

/**
 * The mirrors that a catalog is made of. Safe for use by any thread; none of the methods
 * waits.
 */
interface CatalogScope {

	void start();

	/**
	 * Stop until it is started again.
	 */
	void stop();

	void close();

	/**
	 * Somebody asks for a service: follow it if it is not followed yet.
	 */
	void use(String serviceId);

	/**
	 * Completes when what etcd has of a service is known, or when waiting for it is no
	 * longer worth it.
	 * @return a future of the caller's own
	 */
	CompletableFuture<Void> known(String serviceId);

	/**
	 * Completes when it is known which services there are, or when waiting for it is no
	 * longer worth it.
	 * @return a future of the caller's own
	 */
	CompletableFuture<Void> namesKnown();

	boolean isKnown(String serviceId);

	boolean areNamesKnown();

	/**
	 * The names of the services that have an instance.
	 * @param catalog the catalog as it is now
	 * @param management whether those of management ports are among them
	 */
	List<String> names(Catalog catalog, boolean management);

	/**
	 * The mirrors that are in use.
	 */
	Stream<Mirror> mirrors();

	/**
	 * The mirrors that answers about a service come from, which is not followed on that
	 * account.
	 */
	Stream<Mirror> mirrors(String serviceId);

}
