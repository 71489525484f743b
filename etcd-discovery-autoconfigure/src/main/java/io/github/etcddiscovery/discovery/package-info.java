/**
 * The catalog for Spring: discovery clients, and events for changes.
 */
@NullMarked
package io.github.etcddiscovery.discovery;

import org.jspecify.annotations.NullMarked;
