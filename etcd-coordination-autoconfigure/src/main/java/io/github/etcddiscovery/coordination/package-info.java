/**
 * What leader election and locks have in common: where their keys stand, the lease below
 * them and the fencing token.
 */
@NullMarked
package io.github.etcddiscovery.coordination;

import org.jspecify.annotations.NullMarked;
