/**
 * Meters of the configuration in etcd.
 */
@NullMarked
package io.github.etcddiscovery.config.metrics;

import org.jspecify.annotations.NullMarked;
