/**
 * The actuator endpoint and what the info endpoint shows.
 */
@NullMarked
package io.github.etcddiscovery.actuate;

import org.jspecify.annotations.NullMarked;
