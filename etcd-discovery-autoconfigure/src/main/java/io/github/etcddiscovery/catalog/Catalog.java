package io.github.etcddiscovery.catalog;

import java.net.URI;
import java.net.URISyntaxException;
import java.util.ArrayList;
import java.util.Collections;
import java.util.Comparator;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.SortedMap;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.function.Function;
import java.util.function.Predicate;
import java.util.regex.Pattern;
import java.util.stream.Stream;

import io.github.etcddiscovery.core.EscapedText;
import io.github.etcddiscovery.instance.EtcdServiceInstance;
import io.github.etcddiscovery.instance.InstanceKey;
import io.github.etcddiscovery.instance.InstanceReader;
import io.github.etcddiscovery.instance.InstanceStatus;
import io.github.etcddiscovery.instance.InvalidInstanceException;
import io.github.etcddiscovery.watch.Entry;
import io.github.etcddiscovery.watch.Snapshot;
import org.jspecify.annotations.Nullable;

import org.springframework.cloud.client.ServiceInstance;

/**
 * The services of one snapshot, indexed by name. Immutable; a look-up neither allocates
 * nor locks. The next catalog shares with this one all services that did not change.
 */
public final class Catalog {

	private static final Pattern PLAIN_NAME = Pattern.compile("[A-Za-z0-9._-]++");

	private final Predicate<ServiceInstance> wanted;

	private final Overrides overrides;

	private final long revision;

	private final Map<String, Service> services;

	private final Map<String, String> rejected;

	private final List<String> names;

	private final List<String> applicationNames;

	/**
	 * The names by what is left of them without their case.
	 */
	private final Map<String, List<String>> namesInLowerCase = new HashMap<>();

	private Catalog(Predicate<ServiceInstance> wanted, Overrides overrides, long revision,
			Map<String, Service> services, Map<String, String> rejected) {
		this.wanted = wanted;
		this.overrides = overrides;
		this.revision = revision;
		this.services = services;
		this.rejected = rejected;
		Set<String> names = new TreeSet<>();
		services.forEach((name, service) -> {
			if (service.isPresent()) {
				this.namesInLowerCase.merge(name.toLowerCase(Locale.ROOT), List.of(name),
						(some, more) -> Stream.concat(some.stream(), more.stream()).sorted().toList());
				if (isListed(name)) {
					names.add(name);
				}
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

	/**
	 * A catalog without services.
	 * @return the catalog
	 */
	public static Catalog empty() {
		return empty((instance) -> true);
	}

	/**
	 * A catalog without services.
	 * @param wanted which instances are to be called at all
	 */
	static Catalog empty(Predicate<ServiceInstance> wanted) {
		return new Catalog(wanted, Overrides.NONE, 0, Map.of(), Map.of());
	}

	/**
	 * This catalog with services as they were written down.
	 * @param revision their revision
	 * @param readings what stood at each key
	 * @return the catalog
	 */
	Catalog with(long revision, Map<String, Reading> readings) {
		Map<String, SortedMap<String, Reading>> byService = new HashMap<>();
		readings.forEach((key, reading) -> reading.instances()
			.forEach((instance) -> byService.computeIfAbsent(instance.getServiceId(), (name) -> new TreeMap<>())
				.put(key, reading)));
		Map<String, Service> services = new HashMap<>(this.services);
		byService.forEach((name, byKey) -> services.put(name, service(byKey, Map.of(), Absentees.NONE)));
		return new Catalog(this.wanted, this.overrides, revision, services, this.rejected);
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
		Map<String, Draft> drafts = new HashMap<>();
		Map<String, String> rejected = new HashMap<>(this.rejected);
		for (String changedKey : changedKeys) {
			rejected.remove(changedKey);
			Entry entry = snapshot.entries().get(changedKey);
			try {
				String service = reader.key(changedKey).service();
				drafts.computeIfAbsent(service, (name) -> new Draft(service(name))).put(changedKey, entry);
			}
			catch (InvalidInstanceException ex) {
				if (entry != null) {
					rejected.put(changedKey, String.valueOf(ex.getMessage()));
				}
			}
		}
		Map<String, Service> services = new HashMap<>(this.services);
		drafts.forEach((name, draft) -> {
			draft.read(reader, rejected);
			Service before = service(name);
			Absentees absentees = absences.judge(before.absentees(), draft.withoutThoseWhoWait(before.readings()),
					draft.readings);
			put(services, name, service(draft.readings, draft.waiting, absentees));
		});
		return new Catalog(this.wanted, this.overrides, snapshot.revision(), services, rejected);
	}

	private Service service(SortedMap<String, Reading> readings, Map<String, Entry> waiting, Absentees absentees) {
		return Service.of(readings, waiting, absentees, this.wanted, this.overrides);
	}

	/**
	 * The catalog without those who have been absent for too long.
	 */
	Catalog review(AbsenceRule absences) {
		return replaceAbsentees(
				(service) -> absences.judge(service.absentees(), service.readings(), service.readings()));
	}

	/**
	 * The catalog without an instance that was held and is gone for good.
	 */
	Catalog release(EtcdServiceInstance instance) {
		return replaceAbsentees((service) -> service.absentees().without(instance));
	}

	/**
	 * The catalog without those who took their keys away, but not their lease.
	 */
	Catalog withdraw(long leaseId) {
		return replaceAbsentees((service) -> service.absentees().withoutLease(leaseId));
	}

	/**
	 * The catalog with another instance in the place of one that it has, until the key
	 * changes; one that was held has no key any more, and goes.
	 */
	Catalog replace(EtcdServiceInstance instance, EtcdServiceInstance replacement) {
		Service before = service(instance.getServiceId());
		SortedMap<String, Reading> readings = new TreeMap<>(before.readings());
		readings.replaceAll((key, reading) -> reading.instances()
			.stream()
			.map(this.overrides::apply)
			.anyMatch(instance::equals)
					? new Reading(reading.entry(), reading.instances()
						.stream()
						.map((other) -> (this.overrides.apply(other) == instance)
								? (other == instance) ? replacement : other.withStatus(replacement.getStatus()) : other)
						.toList())
					: reading);
		Map<String, Service> services = new HashMap<>(this.services);
		put(services, instance.getServiceId(),
				service(readings, before.waiting(), before.absentees().without(instance)));
		return new Catalog(this.wanted, this.overrides, this.revision, services, this.rejected);
	}

	private Catalog replaceAbsentees(Function<Service, Absentees> replacement) {
		Map<String, Service> services = new HashMap<>(this.services);
		this.services.forEach((name, service) -> {
			if (!service.absentees().isEmpty()) {
				Absentees next = replacement.apply(service);
				if (!next.equals(service.absentees())) {
					put(services, name, service(service.readings(), service.waiting(), next));
				}
			}
		});
		return new Catalog(this.wanted, this.overrides, this.revision, services, this.rejected);
	}

	/**
	 * The catalog without some services, which are no longer asked for.
	 */
	Catalog without(String name, Predicate<String> keys) {
		Map<String, Service> services = new HashMap<>(this.services);
		services.remove(name);
		Map<String, String> rejected = new HashMap<>(this.rejected);
		rejected.keySet().removeIf(keys);
		return new Catalog(this.wanted, this.overrides, this.revision, services, rejected);
	}

	/**
	 * The catalog with some services as another one has them.
	 * @param names the services
	 * @param other where they are taken from
	 * @return the catalog
	 */
	public Catalog with(Set<String> names, Catalog other) {
		Map<String, Service> services = new HashMap<>(this.services);
		names.forEach((name) -> put(services, name, other.service(name)));
		return new Catalog(this.wanted, this.overrides, this.revision, services, this.rejected);
	}

	/**
	 * The catalog with what operators have decided.
	 * @param overrides all that counts from now on
	 * @return the catalog
	 */
	Catalog with(Overrides overrides) {
		Map<String, Service> services = new HashMap<>(this.services);
		Set<String> names = new HashSet<>(this.overrides.services());
		names.addAll(overrides.services());
		names.forEach((name) -> {
			Service before = service(name);
			put(services, name,
					Service.of(before.readings(), before.waiting(), before.absentees(), this.wanted, overrides));
		});
		return new Catalog(this.wanted, overrides, this.revision, services, this.rejected);
	}

	/**
	 * What operators have decided.
	 * @return the overrides that count now
	 */
	public Overrides overrides() {
		return this.overrides;
	}

	private static void put(Map<String, Service> services, String name, Service service) {
		if (service.readings().isEmpty() && service.absentees().isEmpty()) {
			services.remove(name);
		}
		else {
			services.put(name, service);
		}
	}

	private Service service(String name) {
		return this.services.getOrDefault(name, Service.NONE);
	}

	/**
	 * The revision of etcd that it shows.
	 * @return the revision, or 0 before anything was read
	 */
	public long revision() {
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
	 * Whether anything is known of a service.
	 * @param name the name of the service
	 * @return whether it is known
	 */
	public boolean knows(String name) {
		return this.services.containsKey(name);
	}

	/**
	 * The services whose names differ from this one in case only, or not at all.
	 * @param name the name
	 * @return the names of services, in alphabetical order
	 */
	public List<String> namesIgnoringCase(String name) {
		return this.namesInLowerCase.getOrDefault(name.toLowerCase(Locale.ROOT), List.of());
	}

	/**
	 * What stands at a key of a service.
	 */
	Optional<Reading> reading(String name, String key) {
		return Optional.ofNullable(service(name).readings().get(key));
	}

	/**
	 * The instances that want to be called by HTTP, one for each address.
	 * @param name the name of the service
	 * @return an immutable list, the same object until the service changes
	 */
	public List<ServiceInstance> routable(String name) {
		return service(name).routable();
	}

	/**
	 * The instances that want to be called by gRPC.
	 * @param name the name of the service
	 * @return an immutable list, the same object until the service changes
	 */
	public List<EtcdServiceInstance> callable(String name) {
		return service(name).callable();
	}

	/**
	 * All instances, whatever their status.
	 * @param name the name of the service
	 * @return an immutable list, the same object until the service changes
	 */
	public List<EtcdServiceInstance> registered(String name) {
		return service(name).registered();
	}

	/**
	 * The instances of all services, whatever their status.
	 * @return instances by service
	 */
	public Map<String, List<EtcdServiceInstance>> registered() {
		Map<String, List<EtcdServiceInstance>> registered = new TreeMap<>();
		this.names.forEach((name) -> registered.put(name, registered(name)));
		return registered;
	}

	/**
	 * All instances of a service with the keys at which they stand.
	 * @param name the name of the service
	 * @return the entries
	 */
	public List<CatalogEntry> entries(String name) {
		Service service = service(name);
		List<CatalogEntry> entries = new ArrayList<>(service.registered().size());
		service.readings().forEach((key, reading) -> {
			Entry entry = reading.entry();
			reading.instances()
				.forEach((instance) -> entries.add(new CatalogEntry(key, this.overrides.apply(instance), entry.lease(),
						entry.createRevision(), entry.modRevision(), false)));
		});
		service.absentees().byKey().forEach((key, absence) -> {
			if (absence.held()) {
				absence.instances()
					.forEach((instance) -> entries
						.add(new CatalogEntry(key, this.overrides.apply(instance), absence.lease(), 0, 0, true)));
			}
		});
		return entries;
	}

	/**
	 * The keys whose values could not be read, and why.
	 * @return reasons by key
	 */
	public Map<String, String> rejected() {
		return Collections.unmodifiableMap(this.rejected);
	}

	/**
	 * The instances that are served although their keys are gone, by service.
	 * @return instances by service
	 */
	public Map<String, List<EtcdServiceInstance>> held() {
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
	 * The leases of the absentees that may live, of which etcd has to be asked.
	 */
	Set<Long> leasesOfAbsentees() {
		Set<Long> leases = new HashSet<>();
		this.services.values().forEach((service) -> leases.addAll(service.absentees().leases()));
		return leases;
	}

	/**
	 * What etcd has, by key.
	 */
	Map<String, Reading> readings() {
		Map<String, Reading> readings = new TreeMap<>();
		this.services.values().forEach((service) -> readings.putAll(service.readings()));
		return readings;
	}

	/**
	 * The instances that etcd has, by key.
	 */
	Map<String, List<EtcdServiceInstance>> instancesByKey() {
		Map<String, List<EtcdServiceInstance>> instances = new TreeMap<>();
		readings().forEach((key, reading) -> instances.put(key, reading.instances()));
		return instances;
	}

	/**
	 * Every service that is known, listed or not.
	 * @return the names
	 */
	public Set<String> known() {
		return Collections.unmodifiableSet(this.services.keySet());
	}

	/**
	 * The services whose instances differ between two catalogs.
	 * @param other the other catalog
	 * @return the names of the services
	 */
	public Set<String> differences(Catalog other) {
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

		Absentees judge(Absentees last, Map<String, Reading> before, Map<String, Reading> after);

	}

	/**
	 * A service that is about to be read. Places go to those who came first, so that all
	 * callers agree on who has one, and whoever waits gets the next one that is free.
	 */
	private static final class Draft {

		private static final Comparator<Entry> AGE = Comparator.comparingLong(Entry::createRevision)
			.thenComparing(Entry::key);

		private final SortedMap<String, Reading> readings;

		private final Map<String, Entry> candidates;

		private final Map<String, Entry> waiting = new HashMap<>();

		Draft(Service before) {
			this.readings = new TreeMap<>(before.readings());
			this.candidates = new HashMap<>(before.waiting());
		}

		void put(String key, @Nullable Entry entry) {
			this.readings.remove(key);
			this.candidates.remove(key);
			if (entry != null) {
				this.candidates.put(key, entry);
			}
		}

		void read(InstanceReader reader, Map<String, String> rejected) {
			int places = reader.limits().perService();
			if (this.readings.size() + this.candidates.size() <= places) {
				this.candidates.values().forEach((entry) -> read(entry, reader, rejected));
				return;
			}
			List<Entry> all = new ArrayList<>(this.candidates.values());
			this.readings.values().forEach((reading) -> all.add(reading.entry()));
			all.sort(AGE);
			int taken = 0;
			for (Entry entry : all) {
				if (taken == places) {
					this.readings.remove(entry.key());
					this.waiting.put(entry.key(), entry);
					rejected.put(entry.key(),
							"the service has %d instances already ('max-instances-per-service')".formatted(places));
				}
				else if (this.readings.containsKey(entry.key()) || read(entry, reader, rejected)) {
					taken++;
				}
			}
		}

		private boolean read(Entry entry, InstanceReader reader, Map<String, String> rejected) {
			String key = entry.key();
			try {
				this.readings.put(key, new Reading(entry, List.copyOf(reader.read(reader.key(key), entry.value()))));
				rejected.remove(key);
				return true;
			}
			catch (InvalidInstanceException ex) {
				rejected.put(key, String.valueOf(ex.getMessage()));
			}
			catch (RuntimeException | StackOverflowError | LinkageError ex) {
				rejected.put(key, "a codec failed: " + EscapedText.of(ex.toString()));
			}
			return false;
		}

		/**
		 * Whoever lost a place is not absent.
		 */
		Map<String, Reading> withoutThoseWhoWait(Map<String, Reading> before) {
			if (this.waiting.isEmpty()) {
				return before;
			}
			Map<String, Reading> rest = new TreeMap<>(before);
			rest.keySet().removeAll(this.waiting.keySet());
			return rest;
		}

	}

	/**
	 * The instances of one service: those that etcd has, by key, those that wait for a
	 * place, and those that are absent.
	 */
	private record Service(SortedMap<String, Reading> readings, Map<String, Entry> waiting, Absentees absentees,
			List<EtcdServiceInstance> registered, List<ServiceInstance> routable, List<EtcdServiceInstance> callable) {

		static final Service NONE = of(new TreeMap<>(), Map.of(), Absentees.NONE, (instance) -> true, Overrides.NONE);

		static Service of(SortedMap<String, Reading> readings, Map<String, Entry> waiting, Absentees absentees,
				Predicate<ServiceInstance> wanted, Overrides overrides) {
			List<EtcdServiceInstance> registered = Stream
				.concat(readings.values().stream().map(Reading::instances).flatMap(List::stream),
						absentees.held().stream())
				.map(overrides::apply)
				.toList();
			Map<URI, Long> lastWords = new HashMap<>();
			readings.values()
				.forEach((reading) -> reading.instances()
					.forEach((instance) -> lastWords.merge(instance.getUri(), age(reading, instance), Math::max)));
			List<EtcdServiceInstance> callable = Stream
				.concat(readings.values()
					.stream()
					.flatMap((reading) -> reading.instances()
						.stream()
						.filter((instance) -> lastWords.remove(instance.getUri(), age(reading, instance)))),
						absentees.held().stream())
				.map(overrides::apply)
				.filter((instance) -> instance.getStatus() == InstanceStatus.UP && wanted.test(instance))
				.toList();
			List<ServiceInstance> routable = new ArrayList<>(callable.size());
			callable.stream().filter((instance) -> !instance.isGrpcOnly()).forEach(routable::add);
			return new Service(readings, waiting, absentees, registered, Collections.unmodifiableList(routable),
					callable);
		}

		/**
		 * An address has one server at a time, so what was written last speaks for it; of
		 * what was written together, that which wants calls.
		 */
		private static long age(Reading reading, EtcdServiceInstance instance) {
			return reading.entry().modRevision() * 2 + ((instance.getStatus() == InstanceStatus.UP) ? 1 : 0);
		}

		boolean isPresent() {
			return !this.registered.isEmpty();
		}

		boolean isManagement() {
			return this.registered.stream().allMatch(EtcdServiceInstance::isManagement);
		}

	}

}
