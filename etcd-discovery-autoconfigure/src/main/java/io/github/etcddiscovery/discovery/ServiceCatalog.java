package io.github.etcddiscovery.discovery;

import java.time.Duration;
import java.util.Collection;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.TreeMap;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.function.Function;
import java.util.stream.Collectors;

import io.github.etcddiscovery.core.EscapedText;
import io.github.etcddiscovery.core.EtcdAccessException;
import io.github.etcddiscovery.core.EtcdAccessException.Kind;
import io.github.etcddiscovery.core.EventLoop;
import io.github.etcddiscovery.core.Monitor;
import io.github.etcddiscovery.core.Monitor.Operation;
import io.github.etcddiscovery.core.RetryDelays;
import io.github.etcddiscovery.discovery.Catalog.AbsenceRule;
import io.github.etcddiscovery.discovery.VanishingPolicy.Reset;
import io.github.etcddiscovery.instance.EtcdServiceInstance;
import io.github.etcddiscovery.instance.InstanceReader;
import io.github.etcddiscovery.instance.InstanceStatus;
import io.github.etcddiscovery.instance.InvalidInstanceException;
import io.github.etcddiscovery.watch.Change;
import io.github.etcddiscovery.watch.Entry;
import io.github.etcddiscovery.watch.KeyRange;
import io.github.etcddiscovery.watch.LeaseCheck;
import io.github.etcddiscovery.watch.ListerWatcher;
import io.github.etcddiscovery.watch.MirrorState;
import io.github.etcddiscovery.watch.Reflector;
import io.github.etcddiscovery.watch.Snapshot;
import io.github.etcddiscovery.watch.SnapshotListener;
import org.apache.commons.logging.Log;
import org.apache.commons.logging.LogFactory;
import org.jspecify.annotations.Nullable;

import org.springframework.cloud.client.ServiceInstance;

/**
 * What is registered under some prefixes, kept up to date by mirrors of them. Answers
 * come from memory, also while etcd is away: they are then what was true last. Instances
 * that vanish in a way that is rather etcd's trouble than their own are served on for a
 * while. Safe for use by any thread.
 */
public final class ServiceCatalog implements AutoCloseable {

	private static final Log logger = LogFactory.getLog(ServiceCatalog.class);

	private static final int MAX_HINTS = 100;

	private static final Duration MAX_RETRY_DELAY = Duration.ofSeconds(5);

	private final CatalogSettings settings;

	private final InstanceReader reader;

	private final Function<KeyRange, ListerWatcher> watches;

	private final EventLoop loop;

	private final CatalogScope scope;

	private final VanishingPolicy policy;

	private final HeldInstances heldInstances;

	private final Departures departures;

	private final @Nullable ColdStart coldStart;

	private final Followers followers;

	private final RejectionLog rejectionLog = new RejectionLog();

	private final CatalogCounts counts = new CatalogCounts();

	private final Monitor monitor;

	private final Withdrawals withdrawals;

	/**
	 * The keys that come from disk and were not seen in etcd yet, with their services. Of
	 * the loop.
	 */
	private final Map<String, String> restoredKeys = new HashMap<>();

	private final Set<String> misspelled = ConcurrentHashMap.newKeySet();

	private volatile Runnable changeListener = () -> {
	};

	private volatile Catalog catalog;

	private volatile boolean restored;

	private volatile boolean listed;

	/**
	 * Create a catalog with default settings that is empty until it is started.
	 * @param prefix the prefix, without a slash at its end
	 * @param reader reads what stands under it
	 * @param watches how to list and watch keys
	 * @param loop the loop that keeps the mirror; not closed here
	 * @param requestTimeout how long etcd may take to set a watch up
	 * @param syncTimeout how long after its creation look-ups wait for the first
	 * synchronisation
	 */
	public ServiceCatalog(String prefix, InstanceReader reader, Function<KeyRange, ListerWatcher> watches,
			EventLoop loop, Duration requestTimeout, Duration syncTimeout) {
		this(CatalogSettings.defaults(prefix, requestTimeout, syncTimeout), reader, watches, loop,
				(host, port) -> CompletableFuture.completedFuture(AddressProbe.Answer.UNKNOWN),
				(lease) -> CompletableFuture.completedFuture(false), Monitor.NONE);
	}

	/**
	 * Create a catalog that is empty until it is started.
	 * @param settings what it goes by
	 * @param reader reads what stands under its prefix
	 * @param watches how to list and watch keys
	 * @param loop the loop that keeps the mirrors; not closed here
	 * @param probe asks at the addresses of instances that are held; not closed here
	 * @param leases asks whether leases live
	 * @param monitor is told of the lists
	 */
	public ServiceCatalog(CatalogSettings settings, InstanceReader reader, Function<KeyRange, ListerWatcher> watches,
			EventLoop loop, AddressProbe probe, LeaseCheck leases, Monitor monitor) {
		this.settings = settings;
		this.catalog = Catalog.empty(settings::isWanted);
		this.reader = reader;
		this.watches = watches;
		this.loop = loop;
		this.monitor = monitor;
		this.policy = new VanishingPolicy(settings.hold());
		this.heldInstances = new HeldInstances(loop, probe, settings.hold().duration(),
				() -> replace(this.catalog.review(absenceRule(Meanwhile.NOTHING))),
				(instance) -> replace(this.catalog.release(instance)));
		this.withdrawals = new Withdrawals(loop, leases, (lease) -> replace(this.catalog.withdraw(lease)));
		this.departures = new Departures(loop, probe,
				(instance, replacement) -> replace(this.catalog.replace(instance, replacement)));
		this.followers = new Followers(loop, settings.idleTimeout().dividedBy(2), this::grpcInstances);
		this.coldStart = ColdStart.of(settings, loop, this::restore, this::current);
		this.scope = switch (settings.scope()) {
			case PREFIX -> {
				List<Mirror> mirrors = PrefixScope.ranges(settings.places())
					.map((range) -> mirror(range, true))
					.toList();
				yield new PrefixScope(mirrors, firstSync(Mirror.allSettled(mirrors)));
			}
			case SERVICE -> new ServiceScope(settings.places(), reader, loop, settings.idleTimeout(), this::mirror,
					this::firstSync, this.restoredKeys::containsValue, this::forget);
		};
	}

	private Mirror mirror(KeyRange range, boolean indexed) {
		Listener listener = new Listener(range, indexed);
		Reflector reflector = new Reflector(range, this.watches.apply(range), this.loop,
				new RetryDelays(MAX_RETRY_DELAY), this.settings.timing(), listener);
		return new Mirror(reflector,
				CompletableFuture.anyOf(reflector.firstSync(), listener.refused).thenAccept((either) -> {
				}));
	}

	private FirstSync firstSync(CompletableFuture<Void> done) {
		return new FirstSync(done, this.loop::nanoTime, this.settings.syncTimeout());
	}

	/**
	 * Start following etcd.
	 */
	public void start() {
		this.scope.start();
	}

	/**
	 * Stop following etcd until it is started again; what is known is served on.
	 */
	public void stop() {
		this.scope.stop();
	}

	/**
	 * Stop following etcd for good; what is known is served on.
	 */
	@Override
	public void close() {
		this.scope.close();
		this.followers.close();
		if (this.coldStart != null) {
			this.coldStart.close();
		}
	}

	/**
	 * The instances of a service that want to be called by HTTP. Does not wait.
	 * @param serviceId the name of the service
	 * @return an immutable list, the same object until the service changes
	 */
	public List<ServiceInstance> instances(String serviceId) {
		return this.catalog.routable(resolve(serviceId));
	}

	/**
	 * The instances of a service that want to be called by gRPC: also those that speak
	 * nothing else. Does not wait.
	 * @param serviceId the name of the service
	 * @return an immutable list, the same object until the service changes
	 */
	public List<EtcdServiceInstance> grpcInstances(String serviceId) {
		return this.catalog.callable(resolve(serviceId));
	}

	/**
	 * Be told of changes of a service.
	 * @param serviceId the name of the service
	 * @param follower who follows it, for people to read
	 * @param changed run, on the loop of the catalog, when the answer of
	 * {@link #grpcInstances(String)} is another one; must not block
	 * @return to be closed when nobody listens any more
	 */
	public Following follow(String serviceId, String follower, Runnable changed) {
		return this.followers.follow(serviceId, follower, changed);
	}

	/**
	 * Who follows which service.
	 * @return followers by service
	 */
	public Map<String, List<String>> followers() {
		return this.followers.names();
	}

	/**
	 * All instances of a service, whatever their status. Does not wait.
	 * @param serviceId the name of the service
	 * @return an immutable list, the same object until the service changes
	 */
	public List<EtcdServiceInstance> registeredInstances(String serviceId) {
		return this.catalog.registered(resolve(serviceId));
	}

	/**
	 * The name that a service is known by: this one, or the only one that differs from it
	 * in case alone.
	 */
	private String resolve(String serviceId) {
		this.scope.use(serviceId);
		Catalog catalog = this.catalog;
		if (catalog.knows(serviceId)) {
			return serviceId;
		}
		List<String> similar = catalog.namesIgnoringCase(serviceId);
		if (similar.isEmpty()) {
			return serviceId;
		}
		if (this.misspelled.size() < MAX_HINTS && this.misspelled.add(serviceId)) {
			String known = String.join("' and '", similar);
			logger.warn(((similar.size() == 1) ? "No service is called '%s': '%s' is taken, which differs in case only"
					: "No service is called '%s', and none is taken: '%s' differ in case only")
				.formatted(EscapedText.of(serviceId), EscapedText.of(known)));
		}
		return (similar.size() == 1) ? similar.get(0) : serviceId;
	}

	/**
	 * The names of the services that have an instance; without those of management ports,
	 * unless the settings ask for them. Does not wait.
	 * @return an immutable list in alphabetical order
	 */
	public List<String> services() {
		return this.scope.names(this.catalog, this.settings.listManagementServices());
	}

	/**
	 * The keys whose values are passed over, and why.
	 * @return reasons by key
	 */
	public Map<String, String> rejected() {
		return this.catalog.rejected();
	}

	/**
	 * What was counted since the start.
	 * @return the counts
	 */
	public CatalogCounts counts() {
		return this.counts;
	}

	/**
	 * All services that are known, with all their instances. None is followed on that
	 * account.
	 * @return instances by service, whatever their status
	 */
	public Map<String, List<EtcdServiceInstance>> registeredInstances() {
		return this.catalog.registered();
	}

	/**
	 * All services that are known, also those whose names no URI can hold. None is
	 * followed on that account.
	 * @return instances by service, whatever their status; a list is the same object
	 * until the service changes
	 */
	public Map<String, List<EtcdServiceInstance>> knownInstances() {
		Catalog catalog = this.catalog;
		Map<String, List<EtcdServiceInstance>> known = new TreeMap<>();
		catalog.known().forEach((name) -> known.put(name, catalog.registered(name)));
		return known;
	}

	/**
	 * All instances of a service with the keys at which they stand. The service is not
	 * followed on that account.
	 * @param serviceId the name of the service
	 * @return the entries, whatever the status of the instances
	 */
	public List<CatalogEntry> entries(String serviceId) {
		return this.catalog.entries(serviceId);
	}

	/**
	 * The instances that are served although their keys are gone from etcd.
	 * @return instances by service
	 */
	public Map<String, List<EtcdServiceInstance>> held() {
		return this.catalog.held();
	}

	/**
	 * Take note that an instance has said itself that it leaves, which etcd may not know:
	 * it is not among those that want to be called any more, until its key changes, or
	 * until another process listens in its place. Returns at once.
	 * @param serviceId the name of the service
	 * @param instanceId the id of the instance
	 */
	public void leaves(String serviceId, String instanceId) {
		if (up(serviceId, instanceId).isPresent()) {
			this.loop.execute(() -> up(serviceId, instanceId).ifPresent(this.departures::left));
		}
	}

	private Optional<EtcdServiceInstance> up(String serviceId, String instanceId) {
		return this.catalog.registered(serviceId)
			.stream()
			.filter((instance) -> instance.getStatus() == InstanceStatus.UP
					&& instanceId.equals(instance.getInstanceId()))
			.findFirst();
	}

	/**
	 * The beginnings of the keys that are followed.
	 * @return the prefixes, without a slash at their ends, that of this starter first;
	 * then the keys of services that have no prefix
	 */
	public List<String> prefixes() {
		return this.settings.places().all();
	}

	/**
	 * How far the answers can be trusted.
	 * @return the state
	 */
	public MirrorState state() {
		return this.scope.state();
	}

	/**
	 * How far the answers about one service can be trusted. It is not followed on that
	 * account.
	 * @param serviceId the name of the service
	 * @return the state
	 */
	public MirrorState state(String serviceId) {
		return this.scope.state(serviceId);
	}

	/**
	 * List everything again now that is followed; what is known is served meanwhile. Does
	 * not wait.
	 */
	public void refresh() {
		this.scope.relist();
	}

	/**
	 * Whether some answers come from the snapshot on disk, since etcd has not been read
	 * yet.
	 * @return {@code true} until all that is followed was read after such a start
	 */
	public boolean isRestored() {
		return this.restored;
	}

	/**
	 * Whether it is known which services there are. Until then the list of them being
	 * empty means nothing.
	 * @return {@code true} after the first synchronisation
	 */
	public boolean isKnown() {
		return this.restored || this.scope.areNamesKnown();
	}

	/**
	 * Whether anything is known of a service. Until then an empty answer means nothing.
	 * @param serviceId the name of the service
	 * @return {@code true} after the first synchronisation
	 */
	public boolean isKnown(String serviceId) {
		return isKnownFromDisk(serviceId) || this.scope.isKnown(serviceId);
	}

	/**
	 * Completes when it is known which services there are, or when waiting for it is no
	 * longer worth it: the synchronisation timeout has passed.
	 * @return a future of the caller's own
	 */
	public CompletableFuture<Void> known() {
		return orRestored(this.scope.namesKnown());
	}

	/**
	 * Completes when something is known of a service, or when waiting for it is no longer
	 * worth it: the synchronisation timeout has passed since it was first asked for.
	 * @param serviceId the name of the service
	 * @return a future of the caller's own
	 */
	public CompletableFuture<Void> known(String serviceId) {
		CompletableFuture<Void> known = this.scope.known(serviceId);
		return (!this.listed || isKnownFromDisk(serviceId)) ? orRestored(known) : counted(known);
	}

	/**
	 * Until etcd has told anything, what is not on disk is not known to be anywhere.
	 */
	private boolean isKnownFromDisk(String serviceId) {
		return this.restored && (!this.listed || this.catalog.knows(serviceId));
	}

	private CompletableFuture<Void> orRestored(CompletableFuture<Void> known) {
		counted(known);
		return (this.coldStart != null)
				? CompletableFuture.anyOf(known, this.coldStart.restored()).thenAccept((either) -> {
				}) : known;
	}

	private CompletableFuture<Void> counted(CompletableFuture<Void> known) {
		if (!known.isDone()) {
			this.counts.waited();
		}
		return known;
	}

	/**
	 * Wait for what is to be known. Not to be called on an event loop.
	 */
	void await(CompletableFuture<Void> known) {
		try {
			known.get(this.settings.syncTimeout().toNanos(), TimeUnit.NANOSECONDS);
		}
		catch (InterruptedException ex) {
			Thread.currentThread().interrupt();
		}
		catch (TimeoutException | ExecutionException ex) {
			logger.debug("Nothing is known of '%s' yet".formatted(this.settings.places().prefix()));
		}
	}

	/**
	 * The current catalog.
	 */
	Catalog current() {
		return this.catalog;
	}

	/**
	 * Set what is run, on the mirror's loop, after the catalog has changed.
	 */
	void onChange(Runnable changeListener) {
		this.changeListener = changeListener;
	}

	private Optional<Reading> reading(String key) {
		try {
			return this.catalog.reading(this.reader.key(key).service(), key);
		}
		catch (InvalidInstanceException ex) {
			return Optional.empty();
		}
	}

	private AbsenceRule absenceRule(Meanwhile meanwhile) {
		long now = this.loop.nanoTime();
		return (last, before, after) -> this.policy.judge(last, before, after, meanwhile, now);
	}

	private void replace(Catalog next) {
		this.loop.assertInLoop();
		this.catalog = next;
		this.heldInstances.attend(next);
		this.withdrawals.attend(next);
		this.departures.attend(next);
		this.followers.attend();
		this.changeListener.run();
	}

	/**
	 * What comes from disk is followed, so that nothing of it stays that etcd does not
	 * have.
	 */
	private void restore(CatalogFile.Content written) {
		if (this.catalog.revision() != 0) {
			return;
		}
		Map<String, Reading> readings = written.readings(this.reader);
		logger.warn("Nothing can be read from etcd yet: discovery begins with the snapshot on disk, of revision %d"
			.formatted(written.revision()));
		readings.forEach((key, reading) -> reading.instances()
			.forEach((instance) -> this.restoredKeys.put(key, instance.getServiceId())));
		this.restored = true;
		replace(this.catalog.with(written.revision(), readings));
		this.catalog.known().forEach(this.scope::use);
	}

	/**
	 * In the scope of a service: nobody has asked for it in a while.
	 */
	private void forget(String serviceId) {
		List<String> keys = this.settings.places().keysOf(serviceId);
		replace(this.catalog.without(serviceId,
				(other) -> keys.stream().anyMatch((key) -> other.equals(key) || other.startsWith(key + "/"))));
	}

	/**
	 * Brings what one mirror sees into the catalog.
	 */
	private final class Listener implements SnapshotListener {

		private final KeyRange range;

		private final boolean indexed;

		/**
		 * Completes when it may not read what belongs to others: nobody waits for that.
		 */
		private final CompletableFuture<Void> refused = new CompletableFuture<>();

		private final Set<String> farewells = new HashSet<>();

		private final Set<String> unmeant = new HashSet<>();

		private Reset reset = Reset.NONE;

		private boolean first = true;

		/**
		 * Whether what it knows comes from a single member.
		 */
		private boolean stale;

		private Monitor.@Nullable Ending listing;

		Listener(KeyRange range, boolean indexed) {
			this.range = range;
			this.indexed = indexed;
		}

		private boolean isAdditional() {
			return !this.range.key().startsWith(ServiceCatalog.this.settings.places().prefix() + "/");
		}

		@Override
		public void listing() {
			if (ServiceCatalog.this.coldStart != null) {
				ServiceCatalog.this.coldStart.asked();
			}
			this.listing = ServiceCatalog.this.monitor.begin(Operation.LIST, this.range.toString());
		}

		private void listed(@Nullable EtcdAccessException failure) {
			if (this.listing != null) {
				this.listing.ended(failure);
				this.listing = null;
			}
		}

		@Override
		public void applied(List<Change> changes) {
			ServiceCatalog.this.counts.applied(changes.size());
			changes.stream()
				.filter((change) -> change.entry() == null)
				.collect(Collectors.groupingBy(Change::revision, Collectors.mapping(Change::key, Collectors.toSet())))
				.values()
				.stream()
				.filter((keys) -> keys.size() > 1)
				.filter(this::isNoProcessOfItsOwn)
				.forEach(this.unmeant::addAll);
		}

		/**
		 * A process deletes its own keys, which are under its lease, as the end of the
		 * lease does. Whoever deletes those of several at once is a person or a script.
		 */
		private boolean isNoProcessOfItsOwn(Set<String> keys) {
			Set<Long> leases = keys.stream()
				.map(ServiceCatalog.this::reading)
				.flatMap(Optional::stream)
				.map((reading) -> reading.entry().lease())
				.collect(Collectors.toSet());
			return leases.size() > 1 || leases.contains(0L);
		}

		@Override
		public void failed(EtcdAccessException failure) {
			listed(failure);
			ServiceCatalog.this.counts.relists().add(failure.getKind());
		}

		@Override
		public void reset(Snapshot last, Snapshot next) {
			this.reset = (last.clusterId() == next.clusterId()) ? Reset.REWOUND : Reset.OTHER_CLUSTER;
			logger.warn(("etcd was wiped, restored or replaced: '%s' went from revision %d to %d. "
					+ "Instances that are missing now are served on for a while")
				.formatted(this.range, last.revision(), next.revision()));
		}

		@Override
		public void passed(Collection<Entry> entries) {
			entries.stream().filter(this::isFarewell).forEach((entry) -> this.farewells.add(entry.key()));
		}

		private boolean isFarewell(Entry entry) {
			try {
				InstanceReader reader = ServiceCatalog.this.reader;
				return reader.read(reader.key(entry.key()), entry.value())
					.stream()
					.noneMatch((instance) -> instance.getStatus() == InstanceStatus.UP);
			}
			catch (RuntimeException | StackOverflowError | LinkageError ex) {
				return false;
			}
		}

		@Override
		public void published(Snapshot snapshot, Set<String> changedKeys) {
			if (this.indexed && (this.first || !changedKeys.isEmpty())) {
				Catalog last = ServiceCatalog.this.catalog;
				// Their values can't be read any more, if they are missed
				changedKeys.stream().filter(snapshot.entries()::containsKey).forEach(this.unmeant::add);
				Meanwhile meanwhile = new Meanwhile(Set.copyOf(this.farewells), Set.copyOf(this.unmeant), this.reset);
				Catalog next = this.first ? begin(last, snapshot, changedKeys)
						: last.update(snapshot, changedKeys, ServiceCatalog.this.reader, absenceRule(meanwhile));
				reportRejected(last, next);
				replace(next);
			}
			this.first = false;
			this.reset = Reset.NONE;
			this.farewells.clear();
			this.unmeant.clear();
		}

		/**
		 * Who is missing from what one member says is not gone on that account, and a
		 * snapshot on disk may be newer.
		 */
		@Override
		public void stale(Snapshot snapshot, Set<String> changedKeys) {
			Catalog last = ServiceCatalog.this.catalog;
			if (!this.indexed || (ServiceCatalog.this.restored && last.revision() > snapshot.revision())) {
				return;
			}
			this.stale = true;
			Set<String> keys = new HashSet<>(changedKeys);
			keys.retainAll(snapshot.entries().keySet());
			Catalog next = last.update(snapshot, keys, ServiceCatalog.this.reader, absenceRule(Meanwhile.NOTHING));
			reportRejected(last, next);
			replace(next);
			logger.warn(("etcd has no majority: '%s' was read from a single member, at revision %d, and may be out of "
					+ "date until there is one")
				.formatted(this.range, snapshot.revision()));
		}

		/**
		 * What was read from disk is replaced: it may be days old, so nobody is missed.
		 */
		private Catalog begin(Catalog last, Snapshot snapshot, Set<String> changedKeys) {
			Set<String> keys = new HashSet<>(snapshot.entries().keySet());
			keys.addAll(changedKeys);
			Map<String, String> restoredKeys = ServiceCatalog.this.restoredKeys;
			restoredKeys.keySet().stream().filter(this.range::contains).forEach(keys::add);
			restoredKeys.keySet().removeIf(this.range::contains);
			ServiceCatalog.this.restored = !restoredKeys.isEmpty();
			ServiceCatalog.this.listed = true;
			return last.update(snapshot, keys, ServiceCatalog.this.reader,
					this.stale ? absenceRule(new Meanwhile(Set.of(), Set.of(), this.reset)) : AbsenceRule.NONE);
		}

		private void reportRejected(Catalog last, Catalog next) {
			next.rejected().forEach((key, reason) -> {
				if (!reason.equals(last.rejected().get(key))) {
					ServiceCatalog.this.counts.rejected();
					ServiceCatalog.this.rejectionLog.rejected(key, reason, ServiceCatalog.this.loop.nanoTime());
				}
			});
		}

		@Override
		public void synced(Snapshot snapshot) {
			listed(null);
			if (ServiceCatalog.this.coldStart != null) {
				ServiceCatalog.this.coldStart.synced();
			}
			logger.info("Synchronised with '%s' at revision %d: %d services, %d keys".formatted(this.range,
					snapshot.revision(), ServiceCatalog.this.catalog.names().size(), snapshot.entries().size()));
		}

		@Override
		public void auditFailed(EtcdAccessException failure) {
			logger.warn("Cannot compare '%s' with etcd: %s. What its watch may have lost stays unnoticed meanwhile"
				.formatted(this.range, failure.describe()));
		}

		@Override
		public void lost(EtcdAccessException failure, @Nullable Snapshot served) {
			if (served == null && ServiceCatalog.this.coldStart != null) {
				ServiceCatalog.this.coldStart.restore();
			}
			if (failure.getKind() == Kind.PERMISSION_DENIED && isAdditional()) {
				this.refused.complete(null);
			}
			if (failure.getKind() == Kind.COMPACTED || failure.getKind() == Kind.INCOHERENT) {
				logger.info("Listing '%s' again: %s".formatted(this.range, failure.getMessage()));
				return;
			}
			String meanwhile = (served != null)
					? "Discovery keeps answering from revision %d".formatted(served.revision())
					: "Nothing of it can be discovered yet";
			logger.warn("Cannot follow '%s': %s. %s; trying on".formatted(this.range, failure.describe(), meanwhile));
		}

	}

}
