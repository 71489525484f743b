/**
 * A mirror of one range of keys: the reflector lists the range, then watches it.
 */
@NullMarked
package io.github.etcddiscovery.watch;

import org.jspecify.annotations.NullMarked;
