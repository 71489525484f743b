package io.github.etcddiscovery.coordination.leader;

/**
 * Who leads. Immutable.
 *
 * @param role the role
 * @param id what the leader's key holds: the id of its process, or whatever another
 * program has written
 * @param fencingToken the revision at which the key was created
 * @param key the key
 * @param lease the lease, in hexadecimal
 */
public record Leader(String role, String id, long fencingToken, String key, String lease) {
}
