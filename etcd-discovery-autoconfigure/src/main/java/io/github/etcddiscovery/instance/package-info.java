/**
 * Values: the key of an instance, the instance itself, and its formats.
 */
@NullMarked
package io.github.etcddiscovery.instance;

import org.jspecify.annotations.NullMarked;
