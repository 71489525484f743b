/**
 * The console on its own.
 */
@NullMarked
package io.github.etcddiscovery.console.server;

import org.jspecify.annotations.NullMarked;
