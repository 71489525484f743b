package io.github.etcddiscovery.registry;

import org.jspecify.annotations.Nullable;

import org.springframework.boot.context.properties.bind.DefaultValue;

/**
 * Settings for one of the formats that are written.
 *
 * @param prefix beginning of the keys in this format, without a trailing slash. By
 * default 'prefix' for the first format, and 'prefix', a hyphen and the name of the
 * format for each further one
 * @param withoutPrefix whether the keys in this format have no prefix and begin with the
 * name of the service
 */
public record FormatProperties(@Nullable String prefix, @DefaultValue("false") boolean withoutPrefix) {

}
