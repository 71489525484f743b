/**
 * Spring's face of the catalog: the discovery clients, and the events of what changes.
 */
@NullMarked
package io.github.etcddiscovery.discovery;

import org.jspecify.annotations.NullMarked;
