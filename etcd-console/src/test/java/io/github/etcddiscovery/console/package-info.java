/**
 * Tests of the console without a browser.
 */
@NullMarked
package io.github.etcddiscovery.console;

import org.jspecify.annotations.NullMarked;
