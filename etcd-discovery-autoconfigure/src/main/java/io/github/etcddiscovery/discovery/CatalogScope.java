package io.github.etcddiscovery.discovery;

import java.util.List;
import java.util.concurrent.CompletableFuture;

import io.github.etcddiscovery.watch.MirrorState;

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
	 * How far the catalog can be trusted.
	 */
	MirrorState state();

	/**
	 * How far the answers about a service can be trusted, which is not followed on that
	 * account.
	 */
	MirrorState state(String serviceId);

	/**
	 * List everything again.
	 */
	void relist();

}
