package io.github.etcddiscovery.catalog;

import java.util.HashMap;
import java.util.HashSet;
import java.util.Map;
import java.util.Set;

import io.github.etcddiscovery.watch.KeyRange;

/**
 * The keys that come from disk and were not looked for in etcd yet, with their services.
 * Confined to the loop of the catalog, except where noted.
 */
final class RestoredKeys {

	private final Map<String, String> services = new HashMap<>();

	private volatile boolean present;

	void add(String key, String service) {
		this.services.put(key, service);
		this.present = true;
	}

	/**
	 * A range was read from etcd: the keys in it are no longer of the disk.
	 * @return those that were
	 */
	Set<String> take(KeyRange range) {
		Set<String> taken = new HashSet<>(this.services.keySet());
		taken.removeIf((key) -> !range.contains(key));
		this.services.keySet().removeAll(taken);
		this.present = !this.services.isEmpty();
		return taken;
	}

	boolean isIn(KeyRange range) {
		return this.services.keySet().stream().anyMatch(range::contains);
	}

	boolean isOf(String service) {
		return this.services.containsValue(service);
	}

	/**
	 * Whether there are some. From any thread.
	 */
	boolean isPresent() {
		return this.present;
	}

}
