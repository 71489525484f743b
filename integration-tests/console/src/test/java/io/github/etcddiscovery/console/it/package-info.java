/**
 * Tests of the console in a real browser.
 */
@NullMarked
package io.github.etcddiscovery.console.it;

import org.jspecify.annotations.NullMarked;
