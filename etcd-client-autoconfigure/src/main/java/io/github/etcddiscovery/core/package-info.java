/**
 * The vocabulary of all rooms: a loop that owns state, a failure, a retry delay.
 */
@NullMarked
package io.github.etcddiscovery.core;

import org.jspecify.annotations.NullMarked;
