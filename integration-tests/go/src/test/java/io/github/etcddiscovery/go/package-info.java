/**
 * Tests with programs in Go.
 */
@NullMarked
package io.github.etcddiscovery.go;

import org.jspecify.annotations.NullMarked;
