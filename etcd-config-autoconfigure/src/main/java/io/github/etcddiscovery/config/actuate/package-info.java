/**
 * The actuator's view of the configuration in etcd.
 */
@NullMarked
package io.github.etcddiscovery.config.actuate;

import org.jspecify.annotations.NullMarked;
