/**
 * Other registries beside this one, for as long as a migration takes.
 */
@NullMarked
package io.github.etcddiscovery.migration;

import org.jspecify.annotations.NullMarked;
