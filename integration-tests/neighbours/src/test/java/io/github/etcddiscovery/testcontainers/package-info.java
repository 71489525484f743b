/**
 * Service connections to containers of Testcontainers.
 */
@NullMarked
package io.github.etcddiscovery.testcontainers;

import org.jspecify.annotations.NullMarked;
