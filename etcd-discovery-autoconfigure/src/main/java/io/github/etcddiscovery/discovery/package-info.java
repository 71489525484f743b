/**
 * The catalog of services and the discovery clients that answer from it.
 */
@NullMarked
package io.github.etcddiscovery.discovery;

import org.jspecify.annotations.NullMarked;
