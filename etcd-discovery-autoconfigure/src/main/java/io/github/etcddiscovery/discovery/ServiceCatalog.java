package io.github.etcddiscovery.discovery;

import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.function.Function;

import io.github.etcddiscovery.core.EtcdAccessException;
import io.github.etcddiscovery.core.EtcdAccessException.Kind;
import io.github.etcddiscovery.core.EventLoop;
import io.github.etcddiscovery.core.RetryDelays;
import io.github.etcddiscovery.instance.EscapedText;
import io.github.etcddiscovery.instance.EtcdServiceInstance;
import io.github.etcddiscovery.instance.InstanceReader;
import io.github.etcddiscovery.watch.KeyRange;
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
 * What is registered under a prefix, kept up to date by a mirror of it. Answers come from
 * memory, also while etcd is away: they are then what was true last. Safe for use by any
 * thread.
 */
public final class ServiceCatalog implements AutoCloseable {

	private static final Log logger = LogFactory.getLog(ServiceCatalog.class);

	private static final Duration MAX_RETRY_DELAY = Duration.ofSeconds(5);

	private final KeyRange range;

	private final InstanceReader reader;

	private final EventLoop loop;

	private final Reflector reflector;

	private final Duration syncTimeout;

	private final long createdAt;

	private volatile Catalog catalog = Catalog.empty();

	private volatile Runnable changeListener = () -> {
	};

	/**
	 * Create a catalog that is empty until it is started.
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
		this.range = KeyRange.prefix(prefix + "/");
		this.reader = reader;
		this.loop = loop;
		this.syncTimeout = syncTimeout;
		this.createdAt = loop.nanoTime();
		this.reflector = new Reflector(this.range, watches.apply(this.range), loop, new RetryDelays(MAX_RETRY_DELAY),
				requestTimeout, new Listener());
	}

	/**
	 * Start following etcd.
	 */
	public void start() {
		this.reflector.start();
	}

	/**
	 * Stop following etcd; what is known is served on.
	 */
	@Override
	public void close() {
		this.reflector.close();
	}

	/**
	 * The instances of a service that want to be called. Does not wait.
	 * @param serviceId the name of the service
	 * @return an immutable list, the same object until the service changes
	 */
	public List<ServiceInstance> instances(String serviceId) {
		return this.catalog.routable(serviceId);
	}

	/**
	 * All instances of a service, whatever their status. Does not wait.
	 * @param serviceId the name of the service
	 * @return an immutable list, the same object until the service changes
	 */
	public List<EtcdServiceInstance> registeredInstances(String serviceId) {
		return this.catalog.registered(serviceId);
	}

	/**
	 * The names of the services that have an instance. Does not wait.
	 * @return an immutable list in alphabetical order
	 */
	public List<String> services() {
		return this.catalog.names();
	}

	/**
	 * The keys whose values are passed over, and why.
	 * @return reasons by key
	 */
	public Map<String, String> rejected() {
		return this.catalog.rejected();
	}

	/**
	 * How far the answers can be trusted.
	 * @return the state
	 */
	public MirrorState state() {
		return this.reflector.state();
	}

	/**
	 * Whether anything is known. Until then the catalog being empty means nothing.
	 * @return {@code true} after the first synchronisation
	 */
	public boolean isKnown() {
		return this.reflector.snapshot() != null;
	}

	/**
	 * Completes when something is known, or when waiting for it is no longer worth it:
	 * the synchronisation timeout has passed since this catalog was created.
	 * @return a future of the caller's own
	 */
	public CompletableFuture<Void> known() {
		long rest = this.syncTimeout.minusNanos(this.loop.nanoTime() - this.createdAt).toNanos();
		return this.reflector.firstSync()
			.copy()
			.completeOnTimeout(null, Math.max(0, rest), TimeUnit.NANOSECONDS)
			.exceptionally((closed) -> null);
	}

	/**
	 * Wait until {@link #known()} completes. Not to be called on an event loop.
	 */
	void awaitKnown() {
		try {
			known().get(this.syncTimeout.toNanos(), TimeUnit.NANOSECONDS);
		}
		catch (InterruptedException ex) {
			Thread.currentThread().interrupt();
		}
		catch (TimeoutException | ExecutionException ex) {
			logger.debug("Nothing is known of '%s' yet".formatted(this.range));
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

	private final class Listener implements SnapshotListener {

		@Override
		public void published(Snapshot snapshot, Set<String> changedKeys) {
			if (changedKeys.isEmpty()) {
				return;
			}
			Catalog last = ServiceCatalog.this.catalog;
			Catalog next = last.update(snapshot, changedKeys, ServiceCatalog.this.reader);
			ServiceCatalog.this.catalog = next;
			next.rejected().forEach((key, reason) -> {
				if (!reason.equals(last.rejected().get(key))) {
					logger.warn("Passing over '%s': %s".formatted(EscapedText.of(key), reason));
				}
			});
			ServiceCatalog.this.changeListener.run();
		}

		@Override
		public void synced(Snapshot snapshot) {
			logger.info("Synchronised with '%s' at revision %d: %d services, %d keys".formatted(
					ServiceCatalog.this.range, snapshot.revision(), services().size(), snapshot.entries().size()));
		}

		@Override
		public void lost(EtcdAccessException failure, @Nullable Snapshot served) {
			if (failure.getKind() == Kind.COMPACTED || failure.getKind() == Kind.INCOHERENT) {
				logger.info("Listing '%s' again: %s".formatted(ServiceCatalog.this.range, failure.getMessage()));
				return;
			}
			String meanwhile = (served != null)
					? "Discovery keeps answering from revision %d".formatted(served.revision())
					: "Nothing can be discovered yet";
			logger.warn("Cannot follow '%s': %s. %s; trying on".formatted(ServiceCatalog.this.range, failure.describe(),
					meanwhile));
		}

	}

}
