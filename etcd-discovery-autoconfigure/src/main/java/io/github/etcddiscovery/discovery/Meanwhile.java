package io.github.etcddiscovery.discovery;

import java.util.Set;

import io.github.etcddiscovery.discovery.VanishingPolicy.Reset;

/**
 * What happened between two catalogs that neither of them shows.
 *
 * @param farewells keys whose instances said goodbye
 * @param unmeant keys that are gone in a way that is none of their processes' doing:
 * together with others, or since their values can't be read any more
 * @param reset what happened to the store
 */
record Meanwhile(Set<String> farewells, Set<String> unmeant, Reset reset) {

	static final Meanwhile NOTHING = new Meanwhile(Set.of(), Set.of(), Reset.NONE);

}
