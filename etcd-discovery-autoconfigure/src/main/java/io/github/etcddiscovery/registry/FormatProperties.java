package io.github.etcddiscovery.registry;

import org.jspecify.annotations.Nullable;

/**
 * What is different for one of the formats that are written.
 *
 * @param prefix beginning of its keys, without a slash at its end; empty for keys that
 * begin with the name of the service. By default 'prefix' for the first format, and
 * 'prefix', a hyphen and the name of the format for each further one
 */
public record FormatProperties(@Nullable String prefix) {

}
