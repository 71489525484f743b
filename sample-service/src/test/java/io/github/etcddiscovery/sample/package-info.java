/**
 * The sample service as a whole, on a real etcd.
 */
@NullMarked
package io.github.etcddiscovery.sample;

import org.jspecify.annotations.NullMarked;
