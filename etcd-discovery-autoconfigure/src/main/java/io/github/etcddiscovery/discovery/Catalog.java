package io.github.etcddiscovery.discovery;

import java.util.ArrayList;
import java.util.Collection;
import java.util.Collections;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.TreeSet;

import io.github.etcddiscovery.instance.EtcdServiceInstance;
import io.github.etcddiscovery.instance.InstanceKey;
import io.github.etcddiscovery.instance.InstanceReader;
import io.github.etcddiscovery.instance.InstanceStatus;
import io.github.etcddiscovery.instance.InvalidInstanceException;
import io.github.etcddiscovery.watch.Entry;
import io.github.etcddiscovery.watch.Snapshot;

import org.springframework.cloud.client.ServiceInstance;

/**
 * The services of one snapshot, indexed by name. Immutable; a look-up neither allocates
 * nor locks. The next catalog shares with this one all services that did not change.
 */
final class Catalog {

	private final long revision;

	private final Map<String, Service> services;

	private final Map<String, String> rejected;

	private final List<String> names;

	private Catalog(long revision, Map<String, Service> services, Map<String, String> rejected) {
		this.revision = revision;
		this.services = services;
		this.rejected = rejected;
		this.names = List.copyOf(new TreeSet<>(services.keySet()));
	}

	static Catalog empty() {
		return new Catalog(0, Map.of(), Map.of());
	}

	/**
	 * The catalog of the next snapshot.
	 * @param snapshot the snapshot
	 * @param changedKeys the keys that differ from the snapshot of this catalog
	 * @param reader reads the values
	 * @return the next catalog
	 */
	Catalog update(Snapshot snapshot, Set<String> changedKeys, InstanceReader reader) {
		Map<String, Map<String, List<EtcdServiceInstance>>> touched = new HashMap<>();
		Map<String, String> rejected = new HashMap<>(this.rejected);
		for (String changedKey : changedKeys) {
			rejected.remove(changedKey);
			try {
				InstanceKey key = reader.key(changedKey);
				Map<String, List<EtcdServiceInstance>> byKey = touched.computeIfAbsent(key.service(),
						this::instancesByKey);
				byKey.remove(changedKey);
				Entry entry = snapshot.entries().get(changedKey);
				if (entry != null) {
					byKey.put(changedKey, reader.read(key, entry.value()));
				}
			}
			catch (InvalidInstanceException ex) {
				reject(rejected, snapshot, changedKey, String.valueOf(ex.getMessage()));
			}
			catch (RuntimeException ex) {
				reject(rejected, snapshot, changedKey, "a codec failed: " + ex);
			}
		}
		Map<String, Service> services = new HashMap<>(this.services);
		touched.forEach((name, byKey) -> {
			if (byKey.isEmpty()) {
				services.remove(name);
			}
			else {
				services.put(name, Service.of(byKey));
			}
		});
		return new Catalog(snapshot.revision(), services, rejected);
	}

	private static void reject(Map<String, String> rejected, Snapshot snapshot, String key, String reason) {
		if (snapshot.entries().containsKey(key)) {
			rejected.put(key, reason);
		}
	}

	private Map<String, List<EtcdServiceInstance>> instancesByKey(String name) {
		Service service = this.services.get(name);
		return (service != null) ? new TreeMap<>(service.byKey()) : new TreeMap<>();
	}

	long revision() {
		return this.revision;
	}

	List<String> names() {
		return this.names;
	}

	/**
	 * The instances that want to be called.
	 */
	List<ServiceInstance> routable(String name) {
		Service service = this.services.get(name);
		return (service != null) ? service.routable() : Collections.emptyList();
	}

	/**
	 * All instances, whatever their status.
	 */
	List<EtcdServiceInstance> registered(String name) {
		Service service = this.services.get(name);
		return (service != null) ? service.registered() : Collections.emptyList();
	}

	/**
	 * The keys whose values could not be read, and why.
	 */
	Map<String, String> rejected() {
		return Collections.unmodifiableMap(this.rejected);
	}

	/**
	 * The services whose instances differ between two catalogs.
	 */
	Set<String> differences(Catalog other) {
		Set<String> names = new TreeSet<>();
		Set<String> all = new HashSet<>(this.services.keySet());
		all.addAll(other.services.keySet());
		for (String name : all) {
			Service mine = this.services.get(name);
			Service theirs = other.services.get(name);
			if (mine != theirs && !registered(name).equals(other.registered(name))) {
				names.add(name);
			}
		}
		return names;
	}

	/**
	 * The instances of one service.
	 */
	private record Service(Map<String, List<EtcdServiceInstance>> byKey, List<EtcdServiceInstance> registered,
			List<ServiceInstance> routable) {

		static Service of(Map<String, List<EtcdServiceInstance>> byKey) {
			List<EtcdServiceInstance> registered = byKey.values().stream().flatMap(Collection::stream).toList();
			List<ServiceInstance> routable = new ArrayList<>(registered.size());
			registered.stream().filter((instance) -> instance.getStatus() == InstanceStatus.UP).forEach(routable::add);
			return new Service(byKey, registered, Collections.unmodifiableList(routable));
		}

	}

}
