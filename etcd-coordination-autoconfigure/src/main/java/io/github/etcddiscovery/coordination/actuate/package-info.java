/**
 * The actuator's view of leadership.
 */
@NullMarked
package io.github.etcddiscovery.coordination.actuate;

import org.jspecify.annotations.NullMarked;
