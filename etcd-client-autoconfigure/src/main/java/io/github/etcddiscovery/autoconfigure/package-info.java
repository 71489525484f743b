/**
 * Auto-configuration for the etcd connection, registration and discovery.
 */
@NullMarked
package io.github.etcddiscovery.autoconfigure;

import org.jspecify.annotations.NullMarked;
