/**
 * Service connections to an etcd that Docker Compose runs.
 */
@NullMarked
package io.github.etcddiscovery.docker.compose;

import org.jspecify.annotations.NullMarked;
