package io.github.etcddiscovery.watch;

/**
 * Which cluster a store belongs to, and which revision it has reached.
 *
 * @param clusterId the id of the cluster
 * @param revision the revision
 */
public record Position(long clusterId, long revision) {
}
