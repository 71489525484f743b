/**
 * The vocabulary that the rooms share: a loop that owns state, a failure, a retry delay.
 */
@NullMarked
package io.github.etcddiscovery.core;

import org.jspecify.annotations.NullMarked;
