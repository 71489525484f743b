/**
 * The test fixture: real etcd processes that a test can torment, and a TCP proxy to put
 * in front of them.
 */
@NullMarked
package io.github.etcddiscovery.testing;

import org.jspecify.annotations.NullMarked;
