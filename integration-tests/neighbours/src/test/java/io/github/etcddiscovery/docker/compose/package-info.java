/**
 * Service connections to services of Docker Compose.
 */
@NullMarked
package io.github.etcddiscovery.docker.compose;

import org.jspecify.annotations.NullMarked;
