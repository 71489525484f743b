package io.github.etcddiscovery.config;

/**
 * The value of a property and where it stands.
 *
 * @param value the value, decrypted
 * @param origin where it stands
 * @param encrypted whether it is encrypted in etcd
 */
record ConfigValue(Object value, EtcdOrigin origin, boolean encrypted) {
}
