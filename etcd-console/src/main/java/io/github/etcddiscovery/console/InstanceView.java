package io.github.etcddiscovery.console;

import java.util.Map;

import io.github.etcddiscovery.instance.InstanceStatus;

/**
 * An instance as the page is told of it. Immutable.
 *
 * @param key its key in etcd
 * @param id its id
 * @param uri its address
 * @param status its status
 * @param metadata its metadata, sanitised
 * @param lease the lease of the key in hexadecimal; empty if there is none
 * @param since when it was first seen, in milliseconds since the epoch
 * @param earlier whether it was there when this process first looked
 * @param created the revision since which the key is there; 0 if it is gone
 * @param modified the revision of the last write; 0 if the key is gone
 * @param held whether it is served although its key is gone
 */
record InstanceView(String key, String id, String uri, InstanceStatus status, Map<String, String> metadata,
		String lease, long since, boolean earlier, long created, long modified, boolean held) {
}
