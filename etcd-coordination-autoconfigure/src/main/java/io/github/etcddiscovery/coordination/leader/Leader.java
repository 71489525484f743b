package io.github.etcddiscovery.coordination.leader;

/**
 * The leader of a role. Immutable.
 *
 * @param role the role
 * @param id the value of the leader's key: the id of its process, or what another program
 * has written
 * @param fencingToken the revision at which the key was created
 * @param key the key
 * @param lease the lease, in hexadecimal
 */
public record Leader(String role, String id, long fencingToken, String key, String lease) {
}
