package io.github.etcddiscovery.console;

import java.util.List;
import java.util.Map;

/**
 * The changes since the last request of a page. Immutable.
 *
 * @param revision the revision to send with the next request; only the process that
 * issued it understands it
 * @param full whether these are all instances, not only changes
 * @param services new and changed instances, by the name of their service
 * @param removed keys of removed instances, by the name of their service; empty if these
 * are all instances
 * @param events the events, oldest first
 */
record Changes(String revision, boolean full, Map<String, List<InstanceView>> services,
		Map<String, List<String>> removed, List<ConsoleEvent> events) {
}
