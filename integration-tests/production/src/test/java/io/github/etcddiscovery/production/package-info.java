/**
 * The starter in applications as they are in production.
 */
@NullMarked
package io.github.etcddiscovery.production;

import org.jspecify.annotations.NullMarked;
