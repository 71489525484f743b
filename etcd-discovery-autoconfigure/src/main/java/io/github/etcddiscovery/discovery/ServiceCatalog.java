package io.github.etcddiscovery.discovery;

import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.function.Consumer;
import java.util.function.Function;

import io.github.etcddiscovery.catalog.Catalog;
import io.github.etcddiscovery.catalog.CatalogCounts;
import io.github.etcddiscovery.catalog.CatalogEntry;
import io.github.etcddiscovery.catalog.CatalogPhase;
import io.github.etcddiscovery.catalog.CatalogService;
import io.github.etcddiscovery.catalog.CatalogSettings;
import io.github.etcddiscovery.catalog.CatalogStore;
import io.github.etcddiscovery.catalog.CatalogUpdater;
import io.github.etcddiscovery.catalog.Overrides;
import io.github.etcddiscovery.core.EscapedText;
import io.github.etcddiscovery.core.EventLoop;
import io.github.etcddiscovery.core.Monitor;
import io.github.etcddiscovery.instance.EtcdServiceInstance;
import io.github.etcddiscovery.instance.InstanceReader;
import io.github.etcddiscovery.probe.AddressProbe;
import io.github.etcddiscovery.watch.KeyRange;
import io.github.etcddiscovery.watch.LeaseCheck;
import io.github.etcddiscovery.watch.ListerWatcher;
import io.github.etcddiscovery.watch.MirrorState;
import org.apache.commons.logging.Log;
import org.apache.commons.logging.LogFactory;
import org.jspecify.annotations.Nullable;

import org.springframework.cloud.client.ServiceInstance;

/**
 * The instances that are registered below some prefixes, for look-ups. Answers come from
 * memory. While etcd is away, they are those of the last snapshot. A
 * {@link CatalogUpdater} keeps the catalog up to date. Safe for use by any thread.
 */
public final class ServiceCatalog implements AutoCloseable {

	private static final Log logger = LogFactory.getLog(ServiceCatalog.class);

	private static final int MAX_HINTS = 100;

	private final CatalogSettings settings;

	private final CatalogUpdater updater;

	private final CatalogStore store;

	private final Followers followers;

	private final Set<String> misspelled = ConcurrentHashMap.newKeySet();

	private volatile @Nullable Consumer<String> lookUps;

	/**
	 * Create a catalog with default settings that is empty until it is started.
	 * @param prefix the prefix, without a trailing slash
	 * @param reader reads the instances below it
	 * @param watches lists and watches keys
	 * @param loop the loop of the mirror; not closed here
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
	 * @param settings the prefixes, time-outs and limits
	 * @param reader reads the instances below the prefixes
	 * @param watches lists and watches keys
	 * @param loop the loop of the mirrors; not closed here
	 * @param probe probes the addresses of held instances; not closed here
	 * @param leases finds out whether leases are alive
	 * @param monitor measures lists
	 */
	public ServiceCatalog(CatalogSettings settings, InstanceReader reader, Function<KeyRange, ListerWatcher> watches,
			EventLoop loop, AddressProbe probe, LeaseCheck leases, Monitor monitor) {
		this.settings = settings;
		this.updater = new CatalogUpdater(settings, reader, watches, loop, probe, leases, monitor);
		this.store = this.updater.store();
		this.followers = new Followers(loop, settings.idleTimeout().dividedBy(2), this::grpcInstances);
		this.store.onChange((catalog) -> this.followers.attend());
	}

	/**
	 * The overrides by which operators have changed the status or weight of instances.
	 * The answers of this catalog already include them.
	 * @return the overrides that are in effect
	 */
	public Overrides overrides() {
		return this.store.current().overrides();
	}

	/**
	 * Be told which services are asked for.
	 * @param listener is given the name of the service with each look-up, on the thread
	 * of whoever asks: it must return at once
	 */
	public void onLookUp(Consumer<String> listener) {
		this.lookUps = listener;
	}

	/**
	 * Start following etcd.
	 */
	public void start() {
		this.updater.start();
	}

	/**
	 * Stop following etcd until {@link #start()} is called again. Look-ups are still
	 * answered from the last snapshot.
	 */
	public void stop() {
		this.updater.stop();
	}

	/**
	 * Stop following etcd for good. Look-ups are still answered from the last snapshot.
	 */
	@Override
	public void close() {
		this.updater.close();
		this.followers.close();
	}

	/**
	 * The instances of a service that are {@code UP} and can be called by HTTP. Does not
	 * wait.
	 * @param serviceId the name of the service
	 * @return an immutable list, the same object until the service changes
	 */
	public List<ServiceInstance> instances(String serviceId) {
		return find(serviceId).routable();
	}

	/**
	 * The instances of a service that are {@code UP} and can be called by gRPC, including
	 * those without HTTP. Does not wait.
	 * @param serviceId the name of the service
	 * @return an immutable list, the same object until the service changes
	 */
	public List<EtcdServiceInstance> grpcInstances(String serviceId) {
		return find(serviceId).callable();
	}

	/**
	 * Follow the changes of a service.
	 * @param serviceId the name of the service
	 * @param follower describes the follower to people
	 * @param changed called on the loop of the catalog when the answer of
	 * {@link #grpcInstances(String)} has changed; must not block
	 * @return the subscription, which the caller must close
	 */
	public Following follow(String serviceId, String follower, Runnable changed) {
		return this.followers.follow(serviceId, follower, changed);
	}

	/**
	 * The followers of each service.
	 * @return descriptions of the followers, by service
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
		return find(serviceId).registered();
	}

	private CatalogService find(String serviceId) {
		this.updater.use(serviceId);
		CatalogService service = this.store.service(serviceId);
		String name = (service != null) ? serviceId : similar(serviceId);
		Consumer<String> listener = this.lookUps;
		if (listener != null) {
			listener.accept(name);
		}
		return (service != null) ? service : current().service(name);
	}

	/**
	 * The only name of a service that differs from the given one in case alone, or else
	 * the given one.
	 */
	private String similar(String serviceId) {
		List<String> similar = current().namesIgnoringCase(serviceId);
		if (similar.isEmpty()) {
			return serviceId;
		}
		if (this.misspelled.size() < MAX_HINTS && this.misspelled.add(serviceId)) {
			String known = String.join("' and '", similar);
			logger.warn(((similar.size() == 1) ? "No service is called '%s': using '%s', which differs in case only"
					: "No service is called '%s': '%s' differ in case only, so none is used")
				.formatted(EscapedText.of(serviceId), EscapedText.of(known)));
		}
		return (similar.size() == 1) ? similar.get(0) : serviceId;
	}

	/**
	 * The names of all services that have an instance, without those of management ports
	 * unless the settings include them. Does not wait.
	 * @return an immutable list in alphabetical order
	 */
	public List<String> services() {
		return this.updater.names(this.settings.listManagementServices());
	}

	/**
	 * The keys whose values are passed over.
	 * @return the reasons, by key
	 */
	public Map<String, String> rejected() {
		return current().rejected();
	}

	/**
	 * Counts of events.
	 * @return the counts since the start
	 */
	public CatalogCounts counts() {
		return this.updater.counts();
	}

	/**
	 * All services in the catalog. Does not count as a look-up, so no service is followed
	 * because of it.
	 * @return all instances, whatever their status, by service
	 */
	public Map<String, List<EtcdServiceInstance>> registeredInstances() {
		return current().registered();
	}

	/**
	 * All services in the catalog, including those whose names can't be the host of a
	 * URI. Does not count as a look-up.
	 * @return all instances, whatever their status, by service; a list is the same object
	 * until the service changes
	 */
	public Map<String, List<EtcdServiceInstance>> knownInstances() {
		Catalog catalog = current();
		Map<String, List<EtcdServiceInstance>> known = new TreeMap<>();
		catalog.known().forEach((name) -> known.put(name, catalog.registered(name)));
		return known;
	}

	/**
	 * All instances of a service with their keys. Does not count as a look-up.
	 * @param serviceId the name of the service
	 * @return the entries, whatever the status of the instances
	 */
	public List<CatalogEntry> entries(String serviceId) {
		return current().entries(serviceId);
	}

	/**
	 * The instances of a service that are called, as far as the registry is concerned.
	 * Does not count as a look-up.
	 * @param serviceId the name of the service
	 * @return an immutable list, of the objects that {@link #entries} has
	 */
	public List<EtcdServiceInstance> calledInstances(String serviceId) {
		return current().callable(serviceId);
	}

	/**
	 * The instances that are held although their keys are gone from etcd.
	 * @return the held instances, by service
	 */
	public Map<String, List<EtcdServiceInstance>> held() {
		return current().held();
	}

	/**
	 * Apply the goodbye of an instance, which etcd may not have received. The instance no
	 * longer counts as {@code UP}, until its key changes or another process listens at
	 * its address. Returns at once.
	 * @param serviceId the name of the service
	 * @param instanceId the id of the instance
	 */
	public void leaves(String serviceId, String instanceId) {
		this.updater.leaves(serviceId, instanceId);
	}

	/**
	 * The beginnings of the keys that are followed.
	 * @return the prefixes without trailing slashes, the one that is written first; then
	 * the keys of services that have no prefix
	 */
	public List<String> prefixes() {
		return this.settings.places().all();
	}

	/**
	 * The state of all mirrors together.
	 * @return the state, which says how far answers can be trusted
	 */
	public MirrorState state() {
		return this.updater.state();
	}

	/**
	 * The state of the mirror that has a service. Does not count as a look-up.
	 * @param serviceId the name of the service
	 * @return the state, which says how far answers about the service can be trusted
	 */
	public MirrorState state(String serviceId) {
		return this.updater.state(serviceId);
	}

	/**
	 * The phase of each range of keys that the catalog follows.
	 * @return phases by range, in readable form
	 */
	public Map<String, CatalogPhase> phases() {
		return this.updater.phases();
	}

	/**
	 * List all followed keys again now. Look-ups are still answered from the last
	 * snapshot. Does not wait.
	 */
	public void refresh() {
		this.updater.refresh();
	}

	/**
	 * Whether some answers come from the snapshot file, because etcd has not been read
	 * yet.
	 * @return {@code true} after such a start, until all followed keys were read
	 */
	public boolean isRestored() {
		return this.updater.isRestored();
	}

	/**
	 * Whether the catalog knows which services exist. Until then an empty list of
	 * services has no meaning.
	 * @return {@code true} after the first synchronisation
	 */
	public boolean isKnown() {
		return this.updater.isKnown();
	}

	/**
	 * Whether the catalog knows a service. Until then an empty answer has no meaning.
	 * @param serviceId the name of the service
	 * @return {@code true} after the first synchronisation
	 */
	public boolean isKnown(String serviceId) {
		return this.updater.isKnown(serviceId);
	}

	/**
	 * Completes when the catalog knows which services exist, or when the synchronisation
	 * timeout has passed.
	 * @return a new future for each call
	 */
	public CompletableFuture<Void> known() {
		return this.updater.known();
	}

	/**
	 * Completes when the catalog knows a service, or when the synchronisation timeout has
	 * passed since its first look-up.
	 * @param serviceId the name of the service
	 * @return a new future for each call
	 */
	public CompletableFuture<Void> known(String serviceId) {
		return this.updater.known(serviceId);
	}

	/**
	 * Wait for one of these futures. Must not be called on an event loop.
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
	 * The store of the catalog, for changes that do not come from the mirrors.
	 * @return the store
	 */
	public CatalogStore store() {
		return this.store;
	}

	private Catalog current() {
		return this.store.current();
	}

}
