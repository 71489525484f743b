/**
 * What the tests with a Docker engine share.
 */
@NullMarked
package io.github.etcddiscovery.docker;

import org.jspecify.annotations.NullMarked;
