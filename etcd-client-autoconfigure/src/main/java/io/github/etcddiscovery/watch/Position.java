package io.github.etcddiscovery.watch;

/**
 * Where a store is: which cluster it belongs to and which revision it has reached.
 *
 * @param clusterId the cluster
 * @param revision the revision
 */
public record Position(long clusterId, long revision) {
}
