/**
 * A lock provider for ShedLock.
 */
@NullMarked
package io.github.etcddiscovery.coordination.shedlock;

import org.jspecify.annotations.NullMarked;
