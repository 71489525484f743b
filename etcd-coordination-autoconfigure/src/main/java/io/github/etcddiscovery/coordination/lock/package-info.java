/**
 * Locks, for threads and for reactive chains.
 */
@NullMarked
package io.github.etcddiscovery.coordination.lock;

import org.jspecify.annotations.NullMarked;
