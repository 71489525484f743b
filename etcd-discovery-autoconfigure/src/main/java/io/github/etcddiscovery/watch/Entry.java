package io.github.etcddiscovery.watch;

/**
 * A key and its value as etcd holds them.
 *
 * @param key the key
 * @param value the value; what is not UTF-8 in it is replaced by U+FFFD
 * @param modRevision the revision of the last write
 * @param lease the lease the key is attached to, or 0
 */
public record Entry(String key, String value, long modRevision, long lease) {
}
