/**
 * Whether the benchmarks measure what they say.
 */
@NullMarked
package io.github.etcddiscovery.benchmarks;

import org.jspecify.annotations.NullMarked;
