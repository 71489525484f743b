package io.github.etcddiscovery.catalog;

import java.net.URI;
import java.net.URISyntaxException;
import java.util.ArrayList;
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

import io.github.etcddiscovery.instance.EtcdServiceInstance;
import io.github.etcddiscovery.instance.InstanceKey;
import io.github.etcddiscovery.instance.InstanceReader;
import io.github.etcddiscovery.instance.InvalidInstanceException;
import io.github.etcddiscovery.watch.Entry;
import io.github.etcddiscovery.watch.Snapshot;
import org.jspecify.annotations.Nullable;
import org.pcollections.PSortedMap;
import org.pcollections.TreePMap;

import org.springframework.cloud.client.ServiceInstance;

/**
 * The services of one snapshot, indexed by name. Immutable. The next catalog shares all
 * unchanged services with this one, so the cost of a change does not depend on the number
 * of services.
 */
public final class Catalog {

	private static final Pattern PLAIN_NAME = Pattern.compile("[A-Za-z0-9._-]++");

	private final Predicate<ServiceInstance> wanted;

	private final Overrides overrides;

	private final long revision;

	private final long version;

	private final PSortedMap<String, CatalogService> services;

	/**
	 * The services with absent instances.
	 */
	private final PSortedMap<String, CatalogService> depleted;

	private final PSortedMap<String, String> rejected;

	private final Set<String> touched;

	/**
	 * Created at its first use, and kept until the set of services changes.
	 */
	private volatile @Nullable Names names;

	private Catalog(Predicate<ServiceInstance> wanted, Overrides overrides, long revision, long version,
			PSortedMap<String, CatalogService> services, PSortedMap<String, CatalogService> depleted,
			PSortedMap<String, String> rejected, Set<String> touched, @Nullable Names names) {
		this.wanted = wanted;
		this.overrides = overrides;
		this.revision = revision;
		this.version = version;
		this.services = services;
		this.depleted = depleted;
		this.rejected = rejected;
		this.touched = touched;
		this.names = names;
	}

	/**
	 * Whether the list of services contains a name. A name that can't be part of a URI
	 * can be looked up but is not listed, since callers that make a URI of each name
	 * would fail altogether.
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
	 * Create a catalog without services.
	 * @return the catalog
	 */
	public static Catalog empty() {
		return empty((instance) -> true);
	}

	/**
	 * Create a catalog without services.
	 * @param wanted the filter for instances that may be called
	 */
	static Catalog empty(Predicate<ServiceInstance> wanted) {
		return new Catalog(wanted, Overrides.NONE, 0, 0, TreePMap.empty(), TreePMap.empty(), TreePMap.empty(), Set.of(),
				null);
	}

	/**
	 * This catalog with services from the snapshot file.
	 * @param revision the revision of the file
	 * @param readings the readings by key
	 * @return the new catalog
	 */
	Catalog with(long revision, Map<String, Reading> readings) {
		Map<String, SortedMap<String, @Nullable Reading>> byService = new HashMap<>();
		readings.forEach((key, reading) -> reading.instances()
			.forEach((instance) -> byService
				.computeIfAbsent(instance.getServiceId(), (name) -> new TreeMap<String, @Nullable Reading>())
				.put(key, reading)));
		Edit edit = new Edit();
		for (Map.Entry<String, SortedMap<String, @Nullable Reading>> service : byService.entrySet()) {
			edit.put(service.getKey(), CatalogService.NONE.with(service.getValue(), Map.of(), Absentees.NONE,
					this.wanted, this.overrides));
		}
		return edit.done(revision);
	}

	/**
	 * The catalog of the first snapshot. Its entries are in the order of their keys, so
	 * they need not be looked up nor sorted.
	 * @param snapshot the snapshot
	 * @param reader reads the values
	 * @return the first catalog with services; the same as that of an update
	 */
	Catalog fill(Snapshot snapshot, InstanceReader reader) {
		Map<String, List<Entry>> byService = new HashMap<>();
		Edit edit = new Edit();
		String last = "";
		List<Entry> some = new ArrayList<>();
		for (Entry entry : snapshot.entries().values()) {
			try {
				String service = Decoded.service(entry, reader);
				if (!service.equals(last)) {
					last = service;
					some = byService.computeIfAbsent(service, (name) -> new ArrayList<>());
				}
				some.add(entry);
			}
			catch (InvalidInstanceException ex) {
				edit.reject(entry.key(), String.valueOf(ex.getMessage()));
			}
		}
		byService.forEach((name, entries) -> edit.put(name, service(entries, reader, edit)));
		return edit.done(snapshot.revision());
	}

	private CatalogService service(List<Entry> entries, InstanceReader reader, Edit edit) {
		if (entries.size() > reader.limits().perService()) {
			Draft draft = new Draft(CatalogService.NONE);
			entries.forEach((entry) -> draft.put(entry.key(), entry));
			draft.read(reader, edit);
			return draft.service(AbsenceRule.NONE, this.wanted, this.overrides);
		}
		List<Reading> readings = new ArrayList<>(entries.size());
		for (Entry entry : entries) {
			Decoded decoded = Decoded.of(entry, reader);
			if (decoded.rejection() != null) {
				edit.reject(entry.key(), decoded.rejection());
			}
			else {
				readings.add(new Reading(entry, decoded.instances()));
			}
		}
		return CatalogService.of(Readings.of(readings), Map.of(), Absentees.NONE, this.wanted, this.overrides);
	}

	/**
	 * Whether there are neither services nor keys that are passed over.
	 */
	boolean isEmpty() {
		return this.services.isEmpty() && this.rejected.isEmpty();
	}

	/**
	 * The catalog of the next snapshot.
	 * @param snapshot the snapshot
	 * @param changedKeys the keys that differ from this catalog's snapshot
	 * @param reader reads the values
	 * @param absences decides which instances are absent from a service
	 * @return the next catalog
	 */
	Catalog update(Snapshot snapshot, Set<String> changedKeys, InstanceReader reader, AbsenceRule absences) {
		Edit edit = new Edit();
		Map<String, Draft> drafts = new HashMap<>();
		for (String changedKey : changedKeys) {
			edit.accept(changedKey);
			Entry entry = snapshot.entries().get(changedKey);
			try {
				String service = reader.key(changedKey).service();
				drafts.computeIfAbsent(service, (name) -> new Draft(service(name))).put(changedKey, entry);
			}
			catch (InvalidInstanceException ex) {
				if (entry != null) {
					edit.reject(changedKey, String.valueOf(ex.getMessage()));
				}
			}
		}
		drafts.forEach((name, draft) -> {
			draft.read(reader, edit);
			edit.put(name, draft.service(absences, this.wanted, this.overrides));
		});
		return edit.done(snapshot.revision());
	}

	/**
	 * The catalog without instances that have been absent for too long.
	 */
	Catalog review(AbsenceRule absences) {
		return replaceAbsentees((service) -> absences.judge(service.absentees(), Map.of(), service.readings()));
	}

	/**
	 * The catalog without a held instance that is gone for good.
	 */
	Catalog release(EtcdServiceInstance instance) {
		return replaceAbsentees((service) -> service.absentees().without(instance));
	}

	/**
	 * The catalog without absent instances whose lease is alive.
	 */
	Catalog withdraw(long leaseId) {
		return replaceAbsentees((service) -> service.absentees().withoutLease(leaseId));
	}

	/**
	 * The catalog with an instance replaced by another one, until the key changes. A held
	 * instance, which has no key any more, is removed instead.
	 */
	Catalog replace(EtcdServiceInstance instance, EtcdServiceInstance replacement) {
		CatalogService before = service(instance.getServiceId());
		SortedMap<String, @Nullable Reading> changes = new TreeMap<>();
		before.readings().forEach((key, reading) -> {
			if (reading.instances().stream().map(this.overrides::apply).anyMatch(instance::equals)) {
				changes.put(key, new Reading(reading.entry(), reading.instances()
					.stream()
					.map((other) -> (this.overrides.apply(other) == instance)
							? (other == instance) ? replacement : other.withStatus(replacement.getStatus()) : other)
					.toList()));
			}
		});
		Edit edit = new Edit();
		edit.put(instance.getServiceId(), before.with(changes, before.waiting(), before.absentees().without(instance),
				this.wanted, this.overrides));
		return edit.done(this.revision);
	}

	private Catalog replaceAbsentees(Function<CatalogService, Absentees> replacement) {
		Edit edit = new Edit();
		this.depleted.forEach((name, service) -> {
			Absentees next = replacement.apply(service);
			if (!next.equals(service.absentees())) {
				edit.put(name, service.with(next, this.wanted, this.overrides));
			}
		});
		return edit.done(this.revision);
	}

	/**
	 * The catalog with other overrides.
	 * @param overrides all overrides that are in effect from now on
	 * @return the new catalog
	 */
	Catalog with(Overrides overrides) {
		Edit edit = new Edit();
		edit.overrides = overrides;
		Set<String> names = new HashSet<>(this.overrides.services());
		names.addAll(overrides.services());
		names.forEach((name) -> {
			CatalogService before = service(name);
			edit.put(name,
					CatalogService.of(before.readings(), before.waiting(), before.absentees(), this.wanted, overrides));
		});
		return edit.done(this.revision);
	}

	/**
	 * The overrides of operators.
	 * @return the overrides that are in effect
	 */
	public Overrides overrides() {
		return this.overrides;
	}

	/**
	 * The catalog without the keys of a service that is no longer followed.
	 */
	Catalog without(String name, Predicate<String> keys) {
		Edit edit = new Edit();
		edit.put(name, CatalogService.NONE);
		this.rejected.keySet().stream().filter(keys).toList().forEach(edit::accept);
		return edit.done(this.revision);
	}

	/**
	 * Find a service.
	 * @param name the name of the service
	 * @return the service, without instances if this catalog does not have it
	 */
	public CatalogService service(String name) {
		return this.services.getOrDefault(name, CatalogService.NONE);
	}

	/**
	 * The number of steps from the empty catalog to this one.
	 */
	long version() {
		return this.version;
	}

	/**
	 * The services that the last step has changed.
	 * @return their names
	 */
	public Set<String> touched() {
		return this.touched;
	}

	/**
	 * The revision of etcd that this catalog shows.
	 * @return the revision, or 0 before the first snapshot
	 */
	public long revision() {
		return this.revision;
	}

	List<String> names() {
		return index().all();
	}

	/**
	 * The names of services without management ports. A caller that publishes each name
	 * would otherwise publish the actuators.
	 */
	List<String> applicationNames() {
		return index().applications();
	}

	private Names index() {
		Names names = this.names;
		if (names == null) {
			names = Names.of(this.services);
			this.names = names;
		}
		return names;
	}

	/**
	 * Whether a service consists of management ports. If the catalog does not have the
	 * service, the key decides.
	 */
	boolean isManagement(InstanceKey key) {
		CatalogService service = service(key.service());
		return service.isPresent() ? service.isManagement() : key.isManagement();
	}

	/**
	 * Whether this catalog has a service.
	 * @param name the name of the service
	 * @return {@code true} if it does
	 */
	public boolean knows(String name) {
		return this.services.containsKey(name);
	}

	/**
	 * The services whose names equal a name if case is ignored.
	 * @param name the name
	 * @return the names of services, in alphabetical order
	 */
	public List<String> namesIgnoringCase(String name) {
		return index().inLowerCase().getOrDefault(name.toLowerCase(Locale.ROOT), List.of());
	}

	/**
	 * The reading of a key.
	 */
	Optional<Reading> reading(String name, String key) {
		return Optional.ofNullable(service(name).readings().get(key));
	}

	/**
	 * The instances of a service that can be called by HTTP, one for each address.
	 * @param name the name of the service
	 * @return an immutable list, the same object until the service changes
	 */
	public List<ServiceInstance> routable(String name) {
		return service(name).routable();
	}

	/**
	 * The instances of a service that can be called by gRPC.
	 * @param name the name of the service
	 * @return an immutable list, the same object until the service changes
	 */
	public List<EtcdServiceInstance> callable(String name) {
		return service(name).callable();
	}

	/**
	 * All instances of a service, whatever their status.
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
		names().forEach((name) -> registered.put(name, registered(name)));
		return registered;
	}

	/**
	 * All instances of a service with their keys.
	 * @param name the name of the service
	 * @return the entries
	 */
	public List<CatalogEntry> entries(String name) {
		CatalogService service = service(name);
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
	 * The keys whose values are passed over.
	 * @return the reasons, by key
	 */
	public Map<String, String> rejected() {
		return this.rejected;
	}

	/**
	 * The instances that are held although their keys are gone.
	 * @return the held instances, by service
	 */
	public Map<String, List<EtcdServiceInstance>> held() {
		Map<String, List<EtcdServiceInstance>> held = new TreeMap<>();
		this.depleted.forEach((name, service) -> {
			List<EtcdServiceInstance> instances = service.absentees().held();
			if (!instances.isEmpty()) {
				held.put(name, instances);
			}
		});
		return held;
	}

	/**
	 * Whether any instance is absent, held or not.
	 */
	boolean hasAbsentees() {
		return !this.depleted.isEmpty();
	}

	/**
	 * The leases of absentees that may still be alive, which only etcd knows.
	 */
	Set<Long> leasesOfAbsentees() {
		Set<Long> leases = new HashSet<>();
		this.depleted.values().forEach((service) -> leases.addAll(service.absentees().leases()));
		return leases;
	}

	/**
	 * The readings of all services, by key.
	 */
	Map<String, Reading> readings() {
		Map<String, Reading> readings = new TreeMap<>();
		this.services.values().forEach((service) -> readings.putAll(service.readings()));
		return readings;
	}

	/**
	 * The instances of a snapshot, by key.
	 */
	Map<String, List<EtcdServiceInstance>> instancesByKey() {
		Map<String, List<EtcdServiceInstance>> instances = new TreeMap<>();
		readings().forEach((key, reading) -> instances.put(key, reading.instances()));
		return instances;
	}

	/**
	 * All services of this catalog, listed or not.
	 * @return the names
	 */
	public Set<String> known() {
		return this.services.keySet();
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
			CatalogService mine = this.services.get(name);
			CatalogService theirs = other.services.get(name);
			if (mine != theirs && !registered(name).equals(other.registered(name))) {
				names.add(name);
			}
		}
		return names;
	}

	/**
	 * Decides which instances are absent from a service that changed.
	 */
	@FunctionalInterface
	interface AbsenceRule {

		/**
		 * Treats no instance as absent.
		 */
		AbsenceRule NONE = (last, before, after) -> Absentees.NONE;

		/**
		 * Judge one service.
		 * @param last the absentees until now
		 * @param before the readings of the changed keys before the change
		 * @param after the readings of all keys now
		 * @return the absentees from now on
		 */
		Absentees judge(Absentees last, Map<String, Reading> before, Map<String, Reading> after);

	}

	/**
	 * One step from this catalog to the next.
	 */
	private final class Edit {

		private final Set<String> touched = new HashSet<>();

		private PSortedMap<String, CatalogService> services = Catalog.this.services;

		private PSortedMap<String, CatalogService> depleted = Catalog.this.depleted;

		private PSortedMap<String, String> rejected = Catalog.this.rejected;

		private Overrides overrides = Catalog.this.overrides;

		private boolean renamed;

		void put(String name, CatalogService service) {
			CatalogService before = service(name);
			this.touched.add(name);
			this.renamed |= before.isPresent() != service.isPresent()
					|| before.isManagement() != service.isManagement();
			this.services = service.isEmpty() ? this.services.minus(name) : this.services.plus(name, service);
			if (!service.absentees().isEmpty() || !before.absentees().isEmpty()) {
				this.depleted = service.absentees().isEmpty() ? this.depleted.minus(name)
						: this.depleted.plus(name, service);
			}
		}

		void accept(String key) {
			if (!this.rejected.isEmpty()) {
				this.rejected = this.rejected.minus(key);
			}
		}

		void reject(String key, String reason) {
			this.rejected = this.rejected.plus(key, reason);
		}

		Catalog done(long revision) {
			return new Catalog(Catalog.this.wanted, this.overrides, revision, Catalog.this.version + 1, this.services,
					this.depleted, this.rejected, this.touched, this.renamed ? null : Catalog.this.names);
		}

	}

	/**
	 * The names of the services that have an instance.
	 *
	 * @param all all listed names
	 * @param applications the listed names without those of management ports
	 * @param inLowerCase the names by their lower-case form
	 */
	private record Names(List<String> all, List<String> applications, Map<String, List<String>> inLowerCase) {

		static Names of(PSortedMap<String, CatalogService> services) {
			List<String> all = new ArrayList<>();
			List<String> applications = new ArrayList<>();
			Map<String, List<String>> inLowerCase = new HashMap<>();
			services.forEach((name, service) -> {
				if (service.isPresent()) {
					inLowerCase.merge(name.toLowerCase(Locale.ROOT), List.of(name),
							(some, more) -> Stream.concat(some.stream(), more.stream()).toList());
					if (isListed(name)) {
						all.add(name);
						if (!service.isManagement()) {
							applications.add(name);
						}
					}
				}
			});
			return new Names(List.copyOf(all), List.copyOf(applications), inLowerCase);
		}

	}

	/**
	 * A service that is being read. Its places go to the oldest keys, so that all callers
	 * agree on them. The other keys wait for the next free place.
	 */
	private static final class Draft {

		private static final Comparator<Entry> AGE = Comparator.comparingLong(Entry::createRevision)
			.thenComparing(Entry::key);

		private final CatalogService before;

		private final Map<String, Entry> waiting = new HashMap<>();

		private final SortedMap<String, Entry> candidates;

		/**
		 * The new reading of each changed key, or {@code null} if it has none.
		 */
		private final SortedMap<String, @Nullable Reading> changes = new TreeMap<>();

		Draft(CatalogService before) {
			this.before = before;
			this.candidates = new TreeMap<>(before.waiting());
		}

		void put(String key, @Nullable Entry entry) {
			if (entry != null) {
				this.candidates.put(key, entry);
			}
			else {
				this.candidates.remove(key);
				leave(key);
			}
		}

		private void leave(String key) {
			if (this.before.readings().containsKey(key)) {
				this.changes.put(key, null);
			}
			else {
				this.changes.remove(key);
			}
		}

		void read(InstanceReader reader, Edit edit) {
			int places = reader.limits().perService();
			Readings before = this.before.readings();
			long added = this.candidates.keySet().stream().filter((key) -> !before.containsKey(key)).count();
			if (before.size() - this.changes.size() + added <= places) {
				this.candidates.values().forEach((entry) -> read(entry, reader, edit));
			}
			else {
				readOldest(places, reader, edit);
			}
		}

		private void readOldest(int places, InstanceReader reader, Edit edit) {
			List<Entry> all = new ArrayList<>(this.candidates.values());
			this.before.readings().forEach((key, reading) -> {
				if (!this.changes.containsKey(key) && !this.candidates.containsKey(key)) {
					all.add(reading.entry());
				}
			});
			all.sort(AGE);
			int taken = 0;
			for (Entry entry : all) {
				String key = entry.key();
				if (taken == places) {
					leave(key);
					this.waiting.put(key, entry);
					edit.reject(key,
							"the service has %d instances already ('max-instances-per-service')".formatted(places));
				}
				else if (!this.candidates.containsKey(key) || read(entry, reader, edit)) {
					taken++;
				}
			}
		}

		private boolean read(Entry entry, InstanceReader reader, Edit edit) {
			String key = entry.key();
			Decoded decoded = Decoded.of(entry, reader);
			if (decoded.rejection() != null) {
				leave(key);
				edit.reject(key, decoded.rejection());
				return false;
			}
			this.changes.put(key, new Reading(entry, decoded.instances()));
			edit.accept(key);
			return true;
		}

		CatalogService service(AbsenceRule absences, Predicate<ServiceInstance> wanted, Overrides overrides) {
			Patch<Reading> patch = this.before.readings().patch(this.changes);
			Readings after = this.before.readings().with(patch);
			return this.before.with(patch, after, this.waiting, absentees(absences, after), wanted, overrides);
		}

		/**
		 * The absentees from now on. A key that lost its place does not count as absent.
		 */
		private Absentees absentees(AbsenceRule absences, Readings after) {
			Map<String, Reading> gone = new TreeMap<>();
			this.changes.forEach((key, reading) -> {
				Reading last = this.before.readings().get(key);
				if (reading == null && last != null && !this.waiting.containsKey(key)) {
					gone.put(key, last);
				}
			});
			return (gone.isEmpty() && this.before.absentees().isEmpty()) ? Absentees.NONE
					: absences.judge(this.before.absentees(), gone, after);
		}

	}

}
