/**
 * Registration under a lease.
 */
@NullMarked
package io.github.etcddiscovery.registry;

import org.jspecify.annotations.NullMarked;
