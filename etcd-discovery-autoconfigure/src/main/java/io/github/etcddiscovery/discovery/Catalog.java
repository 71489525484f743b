package io.github.etcddiscovery.discovery;

import java.net.URI;
import java.net.URISyntaxException;
import java.util.ArrayList;
import java.util.Collections;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.function.Function;
import java.util.function.Predicate;
import java.util.regex.Pattern;
import java.util.stream.Stream;

import io.github.etcddiscovery.instance.EscapedText;
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

	private static final Pattern PLAIN_NAME = Pattern.compile("[A-Za-z0-9._-]++");

	private final long revision;

	private final Map<String, Service> services;

	private final Map<String, String> rejected;

	private final List<String> names;

	private final List<String> applicationNames;

	private Catalog(long revision, Map<String, Service> services, Map<String, String> rejected) {
		this.revision = revision;
		this.services = services;
		this.rejected = rejected;
		Set<String> names = new TreeSet<>();
		services.forEach((name, service) -> {
			if (service.isPresent() && isListed(name)) {
				names.add(name);
			}
		});
		this.names = List.copyOf(names);
		this.applicationNames = this.names.stream().filter((name) -> !service(name).isManagement()).toList();
	}

	/**
	 * A name that no URI can hold is answered for but not listed: there are those who
	 * make a URI of each name, and fail for all if one of them is none.
	 */
	static boolean isListed(String name) {
		if (PLAIN_NAME.matcher(name).matches()) {
			return true;
		}
		try {
			return !name.isEmpty() && new URI("lb://" + name).getAuthority() != null;
		}
		catch (URISyntaxException ex) {
			return false;
		}
	}

	static Catalog empty() {
		return new Catalog(0, Map.of(), Map.of());
	}

	/**
	 * A catalog as it was written down.
	 * @param revision its revision
	 * @param instances the instances by key
	 * @return the catalog
	 */
	static Catalog of(long revision, Map<String, List<EtcdServiceInstance>> instances) {
		Map<String, Map<String, List<EtcdServiceInstance>>> byService = new HashMap<>();
		instances.forEach((key, list) -> list
			.forEach((instance) -> byService.computeIfAbsent(instance.getServiceId(), (name) -> new TreeMap<>())
				.put(key, list)));
		Map<String, Service> services = new HashMap<>();
		byService.forEach((name, byKey) -> services.put(name, Service.of(byKey, Absentees.NONE)));
		return new Catalog(revision, services, Map.of());
	}

	/**
	 * The catalog of the next snapshot.
	 * @param snapshot the snapshot
	 * @param changedKeys the keys that differ from the snapshot of this catalog
	 * @param reader reads the values
	 * @param absences decides who is absent from a service
	 * @return the next catalog
	 */
	Catalog update(Snapshot snapshot, Set<String> changedKeys, InstanceReader reader, AbsenceRule absences) {
		Map<String, Map<String, List<EtcdServiceInstance>>> touched = new HashMap<>();
		Map<String, String> rejected = new HashMap<>(this.rejected);
		for (String changedKey : changedKeys) {
			rejected.remove(changedKey);
			try {
				InstanceKey key = reader.key(changedKey);
				Map<String, List<EtcdServiceInstance>> byKey = touched.computeIfAbsent(key.service(),
						(name) -> new TreeMap<>(service(name).byKey()));
				boolean known = byKey.remove(changedKey) != null;
				Entry entry = snapshot.entries().get(changedKey);
				if (entry != null) {
					requireRoom(known, byKey.size(), reader.limits().perService());
					byKey.put(changedKey, List.copyOf(reader.read(key, entry.value())));
				}
			}
			catch (InvalidInstanceException ex) {
				reject(rejected, snapshot, changedKey, String.valueOf(ex.getMessage()));
			}
			catch (RuntimeException | StackOverflowError | LinkageError ex) {
				reject(rejected, snapshot, changedKey, "a codec failed: " + EscapedText.of(ex.toString()));
			}
		}
		Map<String, Service> services = new HashMap<>(this.services);
		touched.forEach((name, byKey) -> {
			Service before = service(name);
			put(services, name, Service.of(byKey, absences.judge(before.absentees(), before.byKey(), byKey)));
		});
		return new Catalog(snapshot.revision(), services, rejected);
	}

	/**
	 * Those that are known keep their place, whoever else comes.
	 */
	private static void requireRoom(boolean known, int size, int limit) {
		if (!known && size >= limit) {
			throw new InvalidInstanceException(
					"the service has %d instances already ('max-instances-per-service')".formatted(limit));
		}
	}

	/**
	 * The catalog without those who have been absent for too long.
	 */
	Catalog review(AbsenceRule absences) {
		return replaceAbsentees((service) -> absences.judge(service.absentees(), service.byKey(), service.byKey()));
	}

	/**
	 * The catalog without an instance that was held and is gone for good.
	 */
	Catalog release(EtcdServiceInstance instance) {
		return replaceAbsentees((service) -> service.absentees().without(instance));
	}

	/**
	 * The catalog with another instance in the place of one that it has, until the key
	 * changes; one that was held has no key any more, and goes.
	 */
	Catalog replace(EtcdServiceInstance instance, EtcdServiceInstance replacement) {
		Service before = service(instance.getServiceId());
		Map<String, List<EtcdServiceInstance>> byKey = new TreeMap<>(before.byKey());
		byKey.replaceAll((key,
				instances) -> instances.stream().map((other) -> (other == instance) ? replacement : other).toList());
		Map<String, Service> services = new HashMap<>(this.services);
		put(services, instance.getServiceId(), Service.of(byKey, before.absentees().without(instance)));
		return new Catalog(this.revision, services, this.rejected);
	}

	private Catalog replaceAbsentees(Function<Service, Absentees> replacement) {
		Map<String, Service> services = new HashMap<>(this.services);
		this.services.forEach((name, service) -> {
			if (!service.absentees().isEmpty()) {
				Absentees next = replacement.apply(service);
				if (!next.equals(service.absentees())) {
					put(services, name, Service.of(service.byKey(), next));
				}
			}
		});
		return new Catalog(this.revision, services, this.rejected);
	}

	/**
	 * The catalog without some services, which are no longer asked for.
	 */
	Catalog without(String name, Predicate<String> keys) {
		Map<String, Service> services = new HashMap<>(this.services);
		services.remove(name);
		Map<String, String> rejected = new HashMap<>(this.rejected);
		rejected.keySet().removeIf(keys);
		return new Catalog(this.revision, services, rejected);
	}

	private static void put(Map<String, Service> services, String name, Service service) {
		if (service.byKey().isEmpty() && service.absentees().isEmpty()) {
			services.remove(name);
		}
		else {
			services.put(name, service);
		}
	}

	private static void reject(Map<String, String> rejected, Snapshot snapshot, String key, String reason) {
		if (snapshot.entries().containsKey(key)) {
			rejected.put(key, reason);
		}
	}

	private Service service(String name) {
		return this.services.getOrDefault(name, Service.NONE);
	}

	long revision() {
		return this.revision;
	}

	List<String> names() {
		return this.names;
	}

	/**
	 * The names without those of management ports: whoever publishes each name would
	 * publish the actuators.
	 */
	List<String> applicationNames() {
		return this.applicationNames;
	}

	/**
	 * Whether a service is one of management ports. Of one that is not known only a key
	 * tells.
	 */
	boolean isManagement(InstanceKey key) {
		Service service = service(key.service());
		return service.isPresent() ? service.isManagement() : key.isManagement();
	}

	/**
	 * The instances that want to be called by HTTP.
	 */
	List<ServiceInstance> routable(String name) {
		return service(name).routable();
	}

	/**
	 * The instances that want to be called by gRPC.
	 */
	List<EtcdServiceInstance> callable(String name) {
		return service(name).callable();
	}

	/**
	 * All instances, whatever their status.
	 */
	List<EtcdServiceInstance> registered(String name) {
		return service(name).registered();
	}

	/**
	 * The instances of all services, whatever their status.
	 */
	Map<String, List<EtcdServiceInstance>> registered() {
		Map<String, List<EtcdServiceInstance>> registered = new TreeMap<>();
		this.names.forEach((name) -> registered.put(name, registered(name)));
		return registered;
	}

	/**
	 * The keys whose values could not be read, and why.
	 */
	Map<String, String> rejected() {
		return Collections.unmodifiableMap(this.rejected);
	}

	/**
	 * The instances that are served although their keys are gone, by service.
	 */
	Map<String, List<EtcdServiceInstance>> held() {
		Map<String, List<EtcdServiceInstance>> held = new TreeMap<>();
		this.services.forEach((name, service) -> {
			List<EtcdServiceInstance> instances = service.absentees().held();
			if (!instances.isEmpty()) {
				held.put(name, instances);
			}
		});
		return held;
	}

	/**
	 * Whether somebody is absent, held or not.
	 */
	boolean hasAbsentees() {
		return this.services.values().stream().anyMatch((service) -> !service.absentees().isEmpty());
	}

	/**
	 * The instances that etcd has, by key.
	 */
	Map<String, List<EtcdServiceInstance>> instancesByKey() {
		Map<String, List<EtcdServiceInstance>> instances = new TreeMap<>();
		this.services.values().forEach((service) -> instances.putAll(service.byKey()));
		return instances;
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
	 * Decides who is absent from a service that changed.
	 */
	@FunctionalInterface
	interface AbsenceRule {

		/**
		 * Nobody is missed.
		 */
		AbsenceRule NONE = (last, before, after) -> Absentees.NONE;

		Absentees judge(Absentees last, Map<String, List<EtcdServiceInstance>> before,
				Map<String, List<EtcdServiceInstance>> after);

	}

	/**
	 * The instances of one service: those that etcd has, by key, and those that are
	 * absent.
	 */
	private record Service(Map<String, List<EtcdServiceInstance>> byKey, Absentees absentees,
			List<EtcdServiceInstance> registered, List<ServiceInstance> routable, List<EtcdServiceInstance> callable) {

		static final Service NONE = of(Map.of(), Absentees.NONE);

		static Service of(Map<String, List<EtcdServiceInstance>> byKey, Absentees absentees) {
			List<EtcdServiceInstance> registered = Stream
				.concat(byKey.values().stream().flatMap(List::stream), absentees.held().stream())
				.toList();
			List<EtcdServiceInstance> callable = registered.stream()
				.filter((instance) -> instance.getStatus() == InstanceStatus.UP)
				.toList();
			List<ServiceInstance> routable = new ArrayList<>(callable.size());
			callable.stream().filter((instance) -> !instance.isGrpcOnly()).forEach(routable::add);
			return new Service(byKey, absentees, registered, Collections.unmodifiableList(routable), callable);
		}

		boolean isPresent() {
			return !this.registered.isEmpty();
		}

		boolean isManagement() {
			return this.registered.stream().allMatch(EtcdServiceInstance::isManagement);
		}

	}

}
