/**
 * The auto-configuration of coordination; nothing imports it.
 */
@NullMarked
package io.github.etcddiscovery.coordination.autoconfigure;

import org.jspecify.annotations.NullMarked;
