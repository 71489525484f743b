/**
 * The console: a page that shows the registry as this application sees it, live.
 */
@NullMarked
package io.github.etcddiscovery.console;

import org.jspecify.annotations.NullMarked;
