/**
 * The actuator endpoint and the contribution to the info endpoint.
 */
@NullMarked
package io.github.etcddiscovery.actuate;

import org.jspecify.annotations.NullMarked;
