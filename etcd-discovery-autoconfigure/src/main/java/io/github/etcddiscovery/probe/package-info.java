/**
 * Probes whether a process listens at an address.
 */
@NullMarked
package io.github.etcddiscovery.probe;

import org.jspecify.annotations.NullMarked;
