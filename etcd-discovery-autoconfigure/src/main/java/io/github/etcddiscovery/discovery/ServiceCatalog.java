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

import org.springframework.cloud.client.ServiceInstance;

/**
 * What is registered under some prefixes, for those who look services up. Answers come
 * from memory, also while etcd is away: they are then what was true last. A
 * {@link CatalogUpdater} keeps it up to date. Safe for use by any thread.
 */
public final class ServiceCatalog implements AutoCloseable {

	private static final Log logger = LogFactory.getLog(ServiceCatalog.class);

	private static final int MAX_HINTS = 100;

	private final CatalogSettings settings;

	private final CatalogUpdater updater;

	private final CatalogStore store;

	private final Followers followers;

	private final Set<String> misspelled = ConcurrentHashMap.newKeySet();

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
		this.updater = new CatalogUpdater(settings, reader, watches, loop, probe, leases, monitor);
		this.store = this.updater.store();
		this.followers = new Followers(loop, settings.idleTimeout().dividedBy(2), this::grpcInstances);
		this.store.onChange((catalog) -> this.followers.attend());
	}

	/**
	 * What operators have decided of instances. It is already in what the catalog
	 * answers.
	 * @return the overrides that count now
	 */
	public Overrides overrides() {
		return this.store.current().overrides();
	}

	/**
	 * Start following etcd.
	 */
	public void start() {
		this.updater.start();
	}

	/**
	 * Stop following etcd until it is started again; look-ups keep answering what is
	 * known.
	 */
	public void stop() {
		this.updater.stop();
	}

	/**
	 * Stop following etcd for good; look-ups keep answering what is known.
	 */
	@Override
	public void close() {
		this.updater.close();
		this.followers.close();
	}

	/**
	 * The instances of a service that want to be called by HTTP. Does not wait.
	 * @param serviceId the name of the service
	 * @return an immutable list, the same object until the service changes
	 */
	public List<ServiceInstance> instances(String serviceId) {
		return find(serviceId).routable();
	}

	/**
	 * The instances of a service that want to be called by gRPC: also those that speak
	 * nothing else. Does not wait.
	 * @param serviceId the name of the service
	 * @return an immutable list, the same object until the service changes
	 */
	public List<EtcdServiceInstance> grpcInstances(String serviceId) {
		return find(serviceId).callable();
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
		return find(serviceId).registered();
	}

	private CatalogService find(String serviceId) {
		this.updater.use(serviceId);
		CatalogService service = this.store.service(serviceId);
		return (service != null) ? service : findIgnoringCase(serviceId);
	}

	/**
	 * The only service whose name differs from this one in case alone.
	 */
	private CatalogService findIgnoringCase(String serviceId) {
		Catalog catalog = current();
		List<String> similar = catalog.namesIgnoringCase(serviceId);
		if (similar.isEmpty()) {
			return catalog.service(serviceId);
		}
		if (this.misspelled.size() < MAX_HINTS && this.misspelled.add(serviceId)) {
			String known = String.join("' and '", similar);
			logger.warn(((similar.size() == 1) ? "No service is called '%s': '%s' is taken, which differs in case only"
					: "No service is called '%s', and none is taken: '%s' differ in case only")
				.formatted(EscapedText.of(serviceId), EscapedText.of(known)));
		}
		return catalog.service((similar.size() == 1) ? similar.get(0) : serviceId);
	}

	/**
	 * The names of the services that have an instance; without those of management ports,
	 * unless the settings ask for them. Does not wait.
	 * @return an immutable list in alphabetical order
	 */
	public List<String> services() {
		return this.updater.names(this.settings.listManagementServices());
	}

	/**
	 * The keys whose values are passed over, and why.
	 * @return reasons by key
	 */
	public Map<String, String> rejected() {
		return current().rejected();
	}

	/**
	 * What was counted since the start.
	 * @return the counts
	 */
	public CatalogCounts counts() {
		return this.updater.counts();
	}

	/**
	 * All services that are known, with all their instances. None is followed on that
	 * account.
	 * @return instances by service, whatever their status
	 */
	public Map<String, List<EtcdServiceInstance>> registeredInstances() {
		return current().registered();
	}

	/**
	 * All services that are known, also those whose names no URI can hold. None is
	 * followed on that account.
	 * @return instances by service, whatever their status; a list is the same object
	 * until the service changes
	 */
	public Map<String, List<EtcdServiceInstance>> knownInstances() {
		Catalog catalog = current();
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
		return current().entries(serviceId);
	}

	/**
	 * The instances that are served although their keys are gone from etcd.
	 * @return instances by service
	 */
	public Map<String, List<EtcdServiceInstance>> held() {
		return current().held();
	}

	/**
	 * Take note that an instance has said itself that it leaves, which etcd may not know:
	 * it is not among those that want to be called any more, until its key changes, or
	 * until another process listens in its place. Returns at once.
	 * @param serviceId the name of the service
	 * @param instanceId the id of the instance
	 */
	public void leaves(String serviceId, String instanceId) {
		this.updater.leaves(serviceId, instanceId);
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
		return this.updater.state();
	}

	/**
	 * How far the answers about one service can be trusted. It is not followed on that
	 * account.
	 * @param serviceId the name of the service
	 * @return the state
	 */
	public MirrorState state(String serviceId) {
		return this.updater.state(serviceId);
	}

	/**
	 * How the catalog came to know what it knows, for each range of keys that it follows.
	 * @return phases by range, as people read it
	 */
	public Map<String, CatalogPhase> phases() {
		return this.updater.phases();
	}

	/**
	 * List everything again now that is followed; what is known is served meanwhile. Does
	 * not wait.
	 */
	public void refresh() {
		this.updater.refresh();
	}

	/**
	 * Whether some answers come from the snapshot on disk, since etcd has not been read
	 * yet.
	 * @return {@code true} until all that is followed was read after such a start
	 */
	public boolean isRestored() {
		return this.updater.isRestored();
	}

	/**
	 * Whether it is known which services there are. Until then the list of them being
	 * empty means nothing.
	 * @return {@code true} after the first synchronisation
	 */
	public boolean isKnown() {
		return this.updater.isKnown();
	}

	/**
	 * Whether anything is known of a service. Until then an empty answer means nothing.
	 * @param serviceId the name of the service
	 * @return {@code true} after the first synchronisation
	 */
	public boolean isKnown(String serviceId) {
		return this.updater.isKnown(serviceId);
	}

	/**
	 * Completes when it is known which services there are, or when waiting for it is no
	 * longer worth it: the synchronisation timeout has passed.
	 * @return a future of the caller's own
	 */
	public CompletableFuture<Void> known() {
		return this.updater.known();
	}

	/**
	 * Completes when something is known of a service, or when waiting for it is no longer
	 * worth it: the synchronisation timeout has passed since it was first asked for.
	 * @param serviceId the name of the service
	 * @return a future of the caller's own
	 */
	public CompletableFuture<Void> known(String serviceId) {
		return this.updater.known(serviceId);
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
	 * Where the catalog is kept, for what changes it beside the mirrors.
	 * @return the store
	 */
	public CatalogStore store() {
		return this.store;
	}

	private Catalog current() {
		return this.store.current();
	}

}
