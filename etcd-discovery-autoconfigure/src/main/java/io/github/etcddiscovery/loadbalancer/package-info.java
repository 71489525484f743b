/**
 * Load balancing that follows the catalog instead of a cache.
 */
@NullMarked
package io.github.etcddiscovery.loadbalancer;

import org.jspecify.annotations.NullMarked;
