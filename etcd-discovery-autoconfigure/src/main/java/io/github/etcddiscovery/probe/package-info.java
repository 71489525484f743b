/**
 * Asks at addresses whether anybody listens there.
 */
@NullMarked
package io.github.etcddiscovery.probe;

import org.jspecify.annotations.NullMarked;
