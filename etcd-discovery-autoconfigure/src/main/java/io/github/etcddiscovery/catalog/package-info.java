/**
 * What is registered under some prefixes: an index over the mirrors of etcd, who is
 * absent from it, and what of it is kept on disk.
 */
@NullMarked
package io.github.etcddiscovery.catalog;

import org.jspecify.annotations.NullMarked;
