/**
 * Leaders and locks in the words of Spring Integration.
 */
@NullMarked
package io.github.etcddiscovery.coordination.integration;

import org.jspecify.annotations.NullMarked;
