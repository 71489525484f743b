/**
 * The registered instances below some prefixes: an index over the mirrors of etcd, absent
 * instances, overrides, and the snapshot file.
 */
@NullMarked
package io.github.etcddiscovery.catalog;

import org.jspecify.annotations.NullMarked;
