/**
 * Support for tests of applications that use etcd.
 */
@NullMarked
package io.github.etcddiscovery.test;

import org.jspecify.annotations.NullMarked;
