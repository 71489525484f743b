/**
 * A small service that registers itself in etcd, sees its peers and calls them.
 */
@NullMarked
package io.github.etcddiscovery.sample;

import org.jspecify.annotations.NullMarked;
