package io.github.etcddiscovery.catalog;

import io.github.etcddiscovery.instance.EtcdServiceInstance;

/**
 * An instance and its key. Immutable.
 *
 * @param key the key in etcd
 * @param instance one of the instances that the key describes
 * @param leaseId the lease that the key is attached to, or 0
 * @param createRevision the revision at which the key was created, or 0 if the key is
 * gone
 * @param modRevision the revision of the last write, or 0 if the key is gone
 * @param held whether the instance is held although its key is gone
 */
public record CatalogEntry(String key, EtcdServiceInstance instance, long leaseId, long createRevision,
		long modRevision, boolean held) {
}
