package io.github.etcddiscovery.catalog;

import io.github.etcddiscovery.instance.EtcdServiceInstance;

/**
 * An instance and the key at which it stands. Immutable.
 *
 * @param key the key in etcd
 * @param instance the instance, one of those that the key describes
 * @param leaseId the lease that the key is attached to, or 0
 * @param createRevision the revision since which the key is there, or 0 if it is gone
 * @param modRevision the revision of the last write, or 0 if the key is gone
 * @param held whether the instance is served although its key is gone
 */
public record CatalogEntry(String key, EtcdServiceInstance instance, long leaseId, long createRevision,
		long modRevision, boolean held) {
}
