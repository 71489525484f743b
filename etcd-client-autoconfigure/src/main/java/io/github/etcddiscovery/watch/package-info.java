/**
 * A mirror of one range of keys, kept by listing it and watching it from there.
 */
@NullMarked
package io.github.etcddiscovery.watch;

import org.jspecify.annotations.NullMarked;
