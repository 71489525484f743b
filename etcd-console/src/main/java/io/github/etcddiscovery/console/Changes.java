package io.github.etcddiscovery.console;

import java.util.List;
import java.util.Map;

/**
 * What is new since the page last asked. Immutable.
 *
 * @param revision what to ask with the next time; it means something to the process that
 * gave it, and nothing to another one
 * @param full whether this is all there is, and not only what is new
 * @param services instances that are new or have changed, by the name of their service
 * @param removed keys of instances that are gone, by the name of their service; empty if
 * this is all there is
 * @param events what has happened, oldest first
 */
record Changes(String revision, boolean full, Map<String, List<InstanceView>> services,
		Map<String, List<String>> removed, List<ConsoleEvent> events) {
}
