/**
 * One lease for each process, with claims of keys and places in queues under it.
 */
@NullMarked
package io.github.etcddiscovery.lease;

import org.jspecify.annotations.NullMarked;
