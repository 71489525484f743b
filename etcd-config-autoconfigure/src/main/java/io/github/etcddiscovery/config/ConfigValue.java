package io.github.etcddiscovery.config;

/**
 * The value of a property and its origin.
 *
 * @param value the value, decrypted
 * @param origin its key and revision
 * @param encrypted whether it is encrypted in etcd
 */
record ConfigValue(Object value, EtcdOrigin origin, boolean encrypted) {
}
