/**
 * Meters of leadership and locks.
 */
@NullMarked
package io.github.etcddiscovery.coordination.metrics;

import org.jspecify.annotations.NullMarked;
