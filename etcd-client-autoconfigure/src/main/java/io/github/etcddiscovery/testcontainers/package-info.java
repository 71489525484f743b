/**
 * Service connections to an etcd in a container of Testcontainers.
 */
@NullMarked
package io.github.etcddiscovery.testcontainers;

import org.jspecify.annotations.NullMarked;
