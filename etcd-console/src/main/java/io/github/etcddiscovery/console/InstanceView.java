package io.github.etcddiscovery.console;

import java.util.Map;

import io.github.etcddiscovery.instance.InstanceStatus;

/**
 * An instance as the page sees it. Immutable.
 *
 * @param key its key in etcd
 * @param id its id
 * @param uri its address
 * @param status its status
 * @param metadata its metadata, sanitised
 * @param lease the lease of the key in hexadecimal; empty if there is none
 * @param since when it was first seen, in milliseconds since the epoch
 * @param earlier whether it existed before this process first saw the catalog
 * @param created the revision at which the key was created; 0 if the key is gone
 * @param modified the revision of the last write; 0 if the key is gone
 * @param held whether the instance is held although its key is gone
 */
record InstanceView(String key, String id, String uri, InstanceStatus status, Map<String, String> metadata,
		String lease, long since, boolean earlier, long created, long modified, boolean held) {
}
