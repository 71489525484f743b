/**
 * The load test in small.
 */
@NullMarked
package io.github.etcddiscovery.proof;

import org.jspecify.annotations.NullMarked;
