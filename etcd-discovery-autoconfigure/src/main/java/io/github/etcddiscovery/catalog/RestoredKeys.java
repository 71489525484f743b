package io.github.etcddiscovery.catalog;

import java.util.HashMap;
import java.util.HashSet;
import java.util.Map;
import java.util.Set;

import io.github.etcddiscovery.watch.KeyRange;

/**
 * The keys from the snapshot file that were not read from etcd yet, with their services.
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
	 * Remove the keys of a range that was read from etcd.
	 * @return the services of the removed keys
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
	 * Whether any keys are left. From any thread.
	 */
	boolean isPresent() {
		return this.present;
	}

}
