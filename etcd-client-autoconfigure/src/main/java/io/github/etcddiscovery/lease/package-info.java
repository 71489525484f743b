/**
 * One lease for each process, and claims of keys under it.
 */
@NullMarked
package io.github.etcddiscovery.lease;

import org.jspecify.annotations.NullMarked;
