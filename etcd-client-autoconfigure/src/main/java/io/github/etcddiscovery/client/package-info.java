/**
 * The connection to etcd: properties, connection details and the adapters to jetcd.
 */
@NullMarked
package io.github.etcddiscovery.client;

import org.jspecify.annotations.NullMarked;
