package io.github.etcddiscovery.discovery;

import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.function.UnaryOperator;

import io.github.etcddiscovery.catalog.Catalog;
import io.github.etcddiscovery.catalog.CatalogSettings;
import io.github.etcddiscovery.catalog.HoldSettings;
import io.github.etcddiscovery.catalog.WatchScope;
import io.github.etcddiscovery.client.EtcdClientFactory;
import io.github.etcddiscovery.client.EtcdConnection;
import io.github.etcddiscovery.client.EtcdProperties;
import io.github.etcddiscovery.client.JetcdLeaseCheck;
import io.github.etcddiscovery.client.JetcdListerWatcher;
import io.github.etcddiscovery.client.PropertiesEtcdConnectionDetails;
import io.github.etcddiscovery.client.SslProperties;
import io.github.etcddiscovery.core.EventLoop;
import io.github.etcddiscovery.core.Monitor;
import io.github.etcddiscovery.core.ThreadEventLoop;
import io.github.etcddiscovery.instance.AddressCodec;
import io.github.etcddiscovery.instance.AllowedNetworks;
import io.github.etcddiscovery.instance.InstanceLimits;
import io.github.etcddiscovery.instance.InstancePlaces;
import io.github.etcddiscovery.instance.InstanceReader;
import io.github.etcddiscovery.instance.JsonCodec;
import io.github.etcddiscovery.instance.ServiceInstanceCodec;
import io.github.etcddiscovery.probe.AddressProbe;
import io.github.etcddiscovery.testing.EtcdAdmin;
import io.github.etcddiscovery.watch.KeyRange;
import io.github.etcddiscovery.watch.ListerWatcher;
import io.github.etcddiscovery.watch.MirrorTiming;
import org.apache.commons.logging.Log;
import org.apache.commons.logging.LogFactory;
import org.awaitility.Awaitility;
import org.jspecify.annotations.Nullable;

import org.springframework.util.unit.DataSize;

import static org.assertj.core.api.Assertions.assertThat;

/**
 * What an application that only consumes has of the starter, put together without Spring,
 * with everything it published.
 */
final class Consumer implements AutoCloseable {

	private static final Log logger = LogFactory.getLog(Consumer.class);

	static final String PREFIX = "services";

	private static final Duration REQUEST_TIMEOUT = Duration.ofSeconds(2);

	private final EventLoop loop = new ThreadEventLoop("consumer");

	private final List<Map<String, String>> published = new CopyOnWriteArrayList<>();

	private final EtcdConnection connection;

	private final ServiceCatalog catalog;

	private Consumer(Builder builder) {
		EtcdProperties properties = new EtcdProperties(true, builder.endpoints, builder.user, builder.user,
				Duration.ofSeconds(5), builder.requestTimeout, Duration.ofSeconds(10), Duration.ofSeconds(5),
				builder.maxInboundMessageSize, null, SslProperties.none());
		this.connection = new EtcdConnection(
				new EtcdClientFactory(properties, new PropertiesEtcdConnectionDetails(properties), List.of(),
						List.of((channel) -> channel.intercept(builder.spy))),
				builder.requestTimeout);
		InstancePlaces places = new InstancePlaces(PREFIX, builder.additionalPrefixes, builder.serviceKeys);
		CatalogSettings settings = new CatalogSettings(places, builder.endpoints, builder.scope, builder.timing,
				builder.syncTimeout, builder.idleTimeout, builder.hold, builder.snapshot,
				builder.listManagementServices, builder.filters);
		this.catalog = new ServiceCatalog(settings, new InstanceReader(places, builder.codecs, builder.limits),
				(range) -> builder.decorator.apply(newListerWatcher(range)), this.loop, builder.probe,
				new JetcdLeaseCheck(this.connection), Monitor.NONE);
		if (builder.recording) {
			this.catalog.store().onChange((changed) -> this.published.add(content(changed)));
		}
		this.catalog.start();
	}

	/**
	 * Asks something of etcd over the connection of the mirror.
	 */
	void ask() {
		newListerWatcher(KeyRange.prefix(PREFIX + "/")).position().join();
	}

	private ListerWatcher newListerWatcher(KeyRange range) {
		return new JetcdListerWatcher(this.connection, range);
	}

	static Builder of(String... endpoints) {
		return new Builder(List.of(endpoints));
	}

	ServiceCatalog catalog() {
		return this.catalog;
	}

	EtcdDiscoveryClient client() {
		return new EtcdDiscoveryClient(this.catalog, () -> true, 0);
	}

	/**
	 * Everything the catalog was, in order.
	 */
	List<Map<String, String>> published() {
		return this.published;
	}

	/**
	 * The addresses by key that are served from what etcd has.
	 */
	Map<String, String> content() {
		return content(this.catalog.store().current());
	}

	private static Map<String, String> content(Catalog catalog) {
		Map<String, String> content = new TreeMap<>();
		catalog.known()
			.stream()
			.flatMap((name) -> catalog.entries(name).stream())
			.filter((entry) -> !entry.held())
			.forEach((entry) -> content.merge(entry.key(), String.valueOf(entry.instance().getUri()),
					(some, more) -> some + "," + more));
		return content;
	}

	Consumer awaitSynced(Duration bound) {
		measured("synchronised", bound,
				() -> Awaitility.await()
					.atMost(bound)
					.pollInterval(Duration.ofMillis(10))
					.until(() -> this.catalog.state().synced()));
		return this;
	}

	void awaitLost(Duration bound) {
		measured("noticed", bound,
				() -> Awaitility.await()
					.atMost(bound)
					.pollInterval(Duration.ofMillis(10))
					.until(() -> !this.catalog.state().synced()));
	}

	/**
	 * Wait until the catalog equals a range read of plain addresses.
	 */
	void awaitConverged(EtcdAdmin admin, Duration bound) {
		measured("converged", bound,
				() -> Awaitility.await().atMost(bound).pollInterval(Duration.ofMillis(20)).untilAsserted(() -> {
					assertThat(content()).isEqualTo(admin.values(PREFIX + "/"));
					assertThat(this.catalog.held()).isEmpty();
				}));
	}

	static void measured(String what, Duration bound, Runnable wait) {
		long start = System.nanoTime();
		wait.run();
		logger.info("Measured: %s after %d of %d ms".formatted(what,
				Duration.ofNanos(System.nanoTime() - start).toMillis(), bound.toMillis()));
	}

	@Override
	public void close() {
		this.catalog.close();
		this.loop.close();
		this.connection.close();
	}

	/**
	 * Puts a consumer together.
	 */
	static final class Builder {

		private final List<String> endpoints;

		private final CallSpy spy = new CallSpy();

		private List<ServiceInstanceCodec> codecs = List.of(new JsonCodec(), new AddressCodec());

		private List<String> additionalPrefixes = List.of();

		private Map<String, String> serviceKeys = Map.of();

		private @Nullable String user;

		private DataSize maxInboundMessageSize = DataSize.ofMegabytes(64);

		private WatchScope scope = WatchScope.PREFIX;

		private boolean listManagementServices;

		private Map<String, Map<String, String>> filters = Map.of();

		private Duration requestTimeout = REQUEST_TIMEOUT;

		private MirrorTiming timing = MirrorTiming.of(REQUEST_TIMEOUT);

		private Duration syncTimeout = Duration.ofSeconds(5);

		private Duration idleTimeout = Duration.ofMinutes(10);

		private HoldSettings hold = HoldSettings.defaults();

		private @Nullable Path snapshot;

		private InstanceLimits limits = new InstanceLimits(AllowedNetworks.of(List.of()), 100_000);

		private AddressProbe probe = (host, port) -> CompletableFuture.completedFuture(AddressProbe.Answer.UNKNOWN);

		private UnaryOperator<ListerWatcher> decorator = UnaryOperator.identity();

		private boolean recording = true;

		private Builder(List<String> endpoints) {
			this.endpoints = endpoints;
		}

		CallSpy spy() {
			return this.spy;
		}

		Builder codecs(ServiceInstanceCodec... codecs) {
			this.codecs = List.of(codecs);
			return this;
		}

		Builder additionalPrefixes(String... prefixes) {
			this.additionalPrefixes = List.of(prefixes);
			return this;
		}

		Builder serviceKey(String service, String key) {
			this.serviceKeys = Map.of(service, key);
			return this;
		}

		/**
		 * Whom to authenticate as, with the name as the password.
		 */
		Builder user(String user) {
			this.user = user;
			return this;
		}

		Builder maxInboundMessageSize(DataSize size) {
			this.maxInboundMessageSize = size;
			return this;
		}

		Builder listManagementServices() {
			this.listManagementServices = true;
			return this;
		}

		Builder perService(Duration idleTimeout) {
			this.scope = WatchScope.SERVICE;
			this.idleTimeout = idleTimeout;
			return this;
		}

		Builder requestTimeout(Duration requestTimeout) {
			this.requestTimeout = requestTimeout;
			this.timing = MirrorTiming.of(requestTimeout);
			return this;
		}

		Builder syncTimeout(Duration syncTimeout) {
			this.syncTimeout = syncTimeout;
			return this;
		}

		Builder timing(Duration checkInterval, Duration auditInterval) {
			this.timing = new MirrorTiming(REQUEST_TIMEOUT, checkInterval, auditInterval);
			return this;
		}

		Builder holdFor(Duration duration) {
			this.hold = new HoldSettings(true, 0.5, 3, duration);
			return this;
		}

		Builder snapshot(Path snapshot) {
			this.snapshot = snapshot;
			return this;
		}

		Builder filter(String service, Map<String, String> metadata) {
			this.filters = Map.of(service, metadata);
			return this;
		}

		Builder limits(int perService, String... networks) {
			this.limits = new InstanceLimits(AllowedNetworks.of(List.of(networks)), perService);
			return this;
		}

		Builder probe(AddressProbe probe) {
			this.probe = probe;
			return this;
		}

		Builder decorated(UnaryOperator<ListerWatcher> decorator) {
			this.decorator = decorator;
			return this;
		}

		/**
		 * Don't keep what is published: it is too much.
		 */
		Builder unrecorded() {
			this.recording = false;
			return this;
		}

		Consumer start() {
			return new Consumer(this);
		}

	}

}
