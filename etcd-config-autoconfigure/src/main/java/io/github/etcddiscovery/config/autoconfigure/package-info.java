/**
 * The wiring; nothing imports it.
 */
@NullMarked
package io.github.etcddiscovery.config.autoconfigure;

import org.jspecify.annotations.NullMarked;
