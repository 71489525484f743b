/**
 * Metrics and observations with Micrometer.
 */
@NullMarked
package io.github.etcddiscovery.metrics;

import org.jspecify.annotations.NullMarked;
