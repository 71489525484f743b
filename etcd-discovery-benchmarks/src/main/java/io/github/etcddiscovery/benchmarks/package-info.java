/**
 * How long look-ups take, what they allocate, and how long a change is under way.
 */
@NullMarked
package io.github.etcddiscovery.benchmarks;

import org.jspecify.annotations.NullMarked;
