/**
 * Values: the key of an instance, the instance itself, and the formats it is written in.
 */
@NullMarked
package io.github.etcddiscovery.instance;

import org.jspecify.annotations.NullMarked;
