package io.github.etcddiscovery.catalog;

import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;
import java.util.concurrent.CompletableFuture;
import java.util.function.Function;

import io.github.etcddiscovery.core.EventLoop;
import io.github.etcddiscovery.core.Monitor;
import io.github.etcddiscovery.core.RetryDelays;
import io.github.etcddiscovery.instance.EtcdServiceInstance;
import io.github.etcddiscovery.instance.InstanceReader;
import io.github.etcddiscovery.instance.InstanceStatus;
import io.github.etcddiscovery.probe.AddressProbe;
import io.github.etcddiscovery.watch.KeyRange;
import io.github.etcddiscovery.watch.LeaseCheck;
import io.github.etcddiscovery.watch.ListerWatcher;
import io.github.etcddiscovery.watch.MirrorState;
import io.github.etcddiscovery.watch.Reflector;
import org.apache.commons.logging.Log;
import org.apache.commons.logging.LogFactory;

/**
 * Keeps the catalog in a {@link CatalogStore} up to date: from mirrors of etcd, from the
 * snapshot file, from goodbyes of instances and from probes of their addresses. Also
 * knows how far the catalog can be trusted. Safe for use by any thread. No method waits.
 */
public final class CatalogUpdater implements AutoCloseable {

	private static final Log logger = LogFactory.getLog(CatalogUpdater.class);

	private static final Duration MAX_RETRY_DELAY = Duration.ofSeconds(5);

	private final CatalogSettings settings;

	private final InstanceReader reader;

	private final Function<KeyRange, ListerWatcher> watches;

	private final EventLoop loop;

	private final Monitor monitor;

	private final CatalogStore store;

	private final VanishingPolicy policy;

	private final Departures departures;

	private final ColdStart coldStart;

	private final RestoredKeys restoredKeys = new RestoredKeys();

	private final Rejections rejections;

	private final CatalogCounts counts = new CatalogCounts();

	private final CatalogScope scope;

	/**
	 * Whether any range was read from etcd.
	 */
	private volatile boolean listed;

	/**
	 * Create an updater that does nothing until it is started.
	 * @param settings the prefixes, time-outs and limits
	 * @param reader reads the instances below the prefixes
	 * @param watches lists and watches keys
	 * @param loop the loop of the mirrors; not closed here
	 * @param probe probes the addresses of held instances; not closed here
	 * @param leases finds out whether leases are alive
	 * @param monitor measures lists
	 */
	public CatalogUpdater(CatalogSettings settings, InstanceReader reader, Function<KeyRange, ListerWatcher> watches,
			EventLoop loop, AddressProbe probe, LeaseCheck leases, Monitor monitor) {
		this.settings = settings;
		this.reader = reader;
		this.watches = watches;
		this.loop = loop;
		this.monitor = monitor;
		this.store = new CatalogStore(loop, Catalog.empty(settings::isWanted));
		this.policy = new VanishingPolicy(settings.hold());
		this.rejections = new Rejections(this.counts, loop::nanoTime);
		new HeldInstances(this.store, loop, probe, this.policy, settings.hold().duration());
		new Withdrawals(this.store, loop, leases);
		this.departures = new Departures(this.store, loop, probe);
		this.coldStart = ColdStart.of(settings, loop, this::restore, this.store);
		this.scope = switch (settings.scope()) {
			case PREFIX -> {
				List<Mirror> mirrors = PrefixScope.ranges(settings.places())
					.map((range) -> mirror(range, true))
					.toList();
				yield new PrefixScope(mirrors, firstSync(Mirror.allSettled(mirrors)));
			}
			case SERVICE -> new ServiceScope(settings.places(), reader, loop, settings.idleTimeout(), this::mirror,
					this::firstSync, this.restoredKeys::isOf, this::forget);
		};
	}

	private Mirror mirror(KeyRange range, boolean indexed) {
		Feed feed = new Feed(range, indexed, !range.key().startsWith(this.settings.places().prefix() + "/"), this);
		ListerWatcher source = this.watches.apply(range);
		Reflector reflector = new Reflector(range,
				indexed ? source.reading((entry) -> Decoded.read(entry, this.reader)) : source, this.loop,
				new RetryDelays(MAX_RETRY_DELAY), this.settings.timing(), feed);
		return new Mirror(reflector, feed,
				CompletableFuture.anyOf(reflector.firstSync(), feed.refused()).thenAccept((either) -> {
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
	 * Stop following etcd until {@link #start()} is called again. The last catalog stays.
	 */
	public void stop() {
		this.scope.stop();
	}

	/**
	 * Stop following etcd for good. The last catalog stays.
	 */
	@Override
	public void close() {
		this.scope.close();
		this.coldStart.close();
	}

	/**
	 * List all followed keys again now. The catalog stays in use in the meantime.
	 */
	public void refresh() {
		this.scope.mirrors().map(Mirror::reflector).forEach(Reflector::relist);
	}

	/**
	 * The store of the catalog.
	 * @return the store that this updater keeps up to date
	 */
	public CatalogStore store() {
		return this.store;
	}

	/**
	 * Counts of events.
	 * @return the counts since the start
	 */
	public CatalogCounts counts() {
		return this.counts;
	}

	/**
	 * A service is looked up: follow it if it is not followed yet.
	 * @param serviceId the name of the service
	 */
	public void use(String serviceId) {
		this.scope.use(serviceId);
	}

	/**
	 * The names of the services that have an instance.
	 * @param management whether to include management ports
	 * @return an immutable list in alphabetical order
	 */
	public List<String> names(boolean management) {
		return this.scope.names(this.store.current(), management);
	}

	/**
	 * Apply the goodbye of an instance, which etcd may not have received.
	 * @param serviceId the name of the service
	 * @param instanceId the id of the instance
	 */
	public void leaves(String serviceId, String instanceId) {
		if (up(serviceId, instanceId).isPresent()) {
			this.loop.execute(() -> up(serviceId, instanceId).ifPresent(this.departures::left));
		}
	}

	private Optional<EtcdServiceInstance> up(String serviceId, String instanceId) {
		return this.store.current()
			.registered(serviceId)
			.stream()
			.filter((instance) -> instance.getStatus() == InstanceStatus.UP
					&& instanceId.equals(instance.getInstanceId()))
			.findFirst();
	}

	/**
	 * The state of all mirrors together.
	 * @return the state, which says how far the catalog can be trusted
	 */
	public MirrorState state() {
		return Mirror.state(this.scope.mirrors());
	}

	/**
	 * The state of the mirror that has a service. Does not count as a look-up.
	 * @param serviceId the name of the service
	 * @return the state, which says how far answers about the service can be trusted
	 */
	public MirrorState state(String serviceId) {
		return Mirror.state(this.scope.mirrors(serviceId));
	}

	/**
	 * The phase of each range of keys that is followed.
	 * @return phases by range, in readable form
	 */
	public Map<String, CatalogPhase> phases() {
		Map<String, CatalogPhase> phases = new TreeMap<>();
		this.scope.mirrors()
			.forEach((mirror) -> phases.put(mirror.reflector().range().toString(), mirror.feed().phase()));
		return phases;
	}

	/**
	 * Whether some of the catalog comes from the snapshot file.
	 * @return {@code true} after such a start, until all followed keys were read from
	 * etcd
	 */
	public boolean isRestored() {
		return this.restoredKeys.isPresent();
	}

	/**
	 * Whether the names of all services are known.
	 * @return {@code true} after the first synchronisation
	 */
	public boolean isKnown() {
		return isRestored() || this.scope.areNamesKnown();
	}

	/**
	 * Whether the catalog knows a service.
	 * @param serviceId the name of the service
	 * @return {@code true} after the first synchronisation
	 */
	public boolean isKnown(String serviceId) {
		return isKnownFromDisk(serviceId) || this.scope.isKnown(serviceId);
	}

	/**
	 * Completes when the names of all services are known, or when the wait has timed out.
	 * @return a new future for each call
	 */
	public CompletableFuture<Void> known() {
		return orRestored(this.scope.namesKnown());
	}

	/**
	 * Completes when the catalog knows a service, or when the wait has timed out.
	 * @param serviceId the name of the service
	 * @return a new future for each call
	 */
	public CompletableFuture<Void> known(String serviceId) {
		CompletableFuture<Void> known = this.scope.known(serviceId);
		return (!this.listed || isKnownFromDisk(serviceId)) ? orRestored(known) : counted(known);
	}

	/**
	 * Whether the snapshot file answers for a service. Until etcd was read, a service
	 * that is not in the file counts as unknown.
	 */
	private boolean isKnownFromDisk(String serviceId) {
		return isRestored() && (!this.listed || this.store.current().knows(serviceId));
	}

	private CompletableFuture<Void> orRestored(CompletableFuture<Void> known) {
		return this.coldStart.orRestored(counted(known));
	}

	private CompletableFuture<Void> counted(CompletableFuture<Void> known) {
		if (!known.isDone()) {
			this.counts.waited();
		}
		return known;
	}

	/**
	 * Restore services from the snapshot file, and follow them, so that instances which
	 * etcd does not have are removed later.
	 */
	private void restore(CatalogFile.Content written) {
		if (this.store.current().revision() != 0) {
			return;
		}
		Map<String, Reading> readings = written.readings(this.reader);
		logger.warn("etcd can't be read yet: discovery starts with the snapshot file, of revision %d"
			.formatted(written.revision()));
		readings.forEach((key, reading) -> reading.instances()
			.forEach((instance) -> this.restoredKeys.add(key, instance.getServiceId())));
		this.store.update((empty) -> empty.with(written.revision(), readings));
		this.scope.mirrors().map(Mirror::feed).forEach(Feed::restored);
		this.store.current().known().forEach(this.scope::use);
	}

	/**
	 * Remove a service that was not looked up for the idle timeout, with
	 * {@link WatchScope#SERVICE}.
	 */
	private void forget(String serviceId) {
		List<String> keys = this.settings.places().keysOf(serviceId);
		this.store.update((catalog) -> catalog.without(serviceId,
				(other) -> keys.stream().anyMatch((key) -> other.equals(key) || other.startsWith(key + "/"))));
	}

	InstanceReader reader() {
		return this.reader;
	}

	RestoredKeys restoredKeys() {
		return this.restoredKeys;
	}

	ColdStart coldStart() {
		return this.coldStart;
	}

	Rejections rejections() {
		return this.rejections;
	}

	Monitor monitor() {
		return this.monitor;
	}

	Catalog.AbsenceRule rule(Meanwhile meanwhile) {
		return this.policy.rule(meanwhile, this.loop.nanoTime());
	}

	void listed() {
		this.listed = true;
	}

}
