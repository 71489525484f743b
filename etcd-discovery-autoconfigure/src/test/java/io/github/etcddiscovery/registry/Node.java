package io.github.etcddiscovery.registry;

import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CopyOnWriteArrayList;

import io.github.etcddiscovery.catalog.CatalogSettings;
import io.github.etcddiscovery.client.EtcdClientFactory;
import io.github.etcddiscovery.client.EtcdConnection;
import io.github.etcddiscovery.client.EtcdProperties;
import io.github.etcddiscovery.client.JetcdLeaseCheck;
import io.github.etcddiscovery.client.JetcdLeaseStore;
import io.github.etcddiscovery.client.JetcdListerWatcher;
import io.github.etcddiscovery.client.PropertiesEtcdConnectionDetails;
import io.github.etcddiscovery.client.SslProperties;
import io.github.etcddiscovery.core.EventLoop;
import io.github.etcddiscovery.core.Monitor;
import io.github.etcddiscovery.core.ThreadEventLoop;
import io.github.etcddiscovery.discovery.ServiceCatalog;
import io.github.etcddiscovery.instance.AddressCodec;
import io.github.etcddiscovery.instance.EtcdServiceInstance;
import io.github.etcddiscovery.instance.InstanceReader;
import io.github.etcddiscovery.instance.InstanceStatus;
import io.github.etcddiscovery.instance.JsonCodec;
import io.github.etcddiscovery.instance.ServiceInstanceCodec;
import io.github.etcddiscovery.lease.LeaseStatus;
import io.github.etcddiscovery.lease.ProcessLease;
import io.github.etcddiscovery.probe.AddressProbe;
import io.github.etcddiscovery.registry.RegistrationChange.Type;

import org.springframework.util.unit.DataSize;

/**
 * What one application has of the starter, put together without Spring so that many can
 * live and suffer in one test.
 */
final class Node implements AutoCloseable {

	private static final Duration REQUEST_TIMEOUT = Duration.ofSeconds(2);

	private final List<RegistrationChange> changes = new CopyOnWriteArrayList<>();

	private final EventLoop registrationLoop = new ThreadEventLoop("node-registration");

	private final EventLoop discoveryLoop = new ThreadEventLoop("node-discovery");

	private final EtcdConnection connection;

	private final LeasedRegistrations registrations;

	private final EtcdServiceRegistry registry;

	private final ServiceCatalog catalog;

	Node(Duration ttl, String... endpoints) {
		this(new JsonCodec(), ttl, endpoints);
	}

	Node(ServiceInstanceCodec codec, Duration ttl, String... endpoints) {
		EtcdProperties properties = new EtcdProperties(true, List.of(endpoints), null, null, Duration.ofSeconds(5),
				REQUEST_TIMEOUT, Duration.ofSeconds(10), Duration.ofSeconds(5), DataSize.ofMegabytes(64), null,
				SslProperties.none());
		this.connection = new EtcdConnection(new EtcdClientFactory(properties,
				new PropertiesEtcdConnectionDetails(properties), List.of(), List.of()), REQUEST_TIMEOUT);
		InstanceReader reader = new InstanceReader("services", List.of(new JsonCodec(), new AddressCodec()));
		JetcdLeaseStore store = new JetcdLeaseStore(this.connection, ttl);
		this.registrations = new LeasedRegistrations(store, (range) -> new JetcdListerWatcher(this.connection, range),
				new ProcessLease(store, this.registrationLoop, ttl, Monitor.NONE), REQUEST_TIMEOUT, this.changes::add);
		this.registry = new EtcdServiceRegistry(this.registrations, List.of(new WrittenFormat(codec, "services")),
				reader, REQUEST_TIMEOUT, null, Monitor.NONE);
		this.catalog = new ServiceCatalog(CatalogSettings.defaults("services", REQUEST_TIMEOUT, Duration.ofSeconds(5)),
				reader, (range) -> new JetcdListerWatcher(this.connection, range), this.discoveryLoop,
				(host, port) -> CompletableFuture.completedFuture(AddressProbe.Answer.UNKNOWN),
				new JetcdLeaseCheck(this.connection), Monitor.NONE);
	}

	static EtcdRegistration registration(String service, String id, int port) {
		return new EtcdRegistration(
				new EtcdServiceInstance(service, id, "127.0.0.1", port, false, InstanceStatus.UP, Map.of()));
	}

	EtcdServiceRegistry registry() {
		return this.registry;
	}

	LeaseStatus lease() {
		return this.registrations.status();
	}

	/**
	 * A catalog that follows etcd from the first call on.
	 */
	ServiceCatalog catalog() {
		this.catalog.start();
		return this.catalog;
	}

	List<RegistrationChange> changes() {
		return this.changes;
	}

	List<Type> changeTypes() {
		return this.changes.stream().map(RegistrationChange::type).toList();
	}

	/**
	 * Ends like a killed process: nothing is said to etcd.
	 */
	void vanish() {
		this.registrationLoop.close();
		this.discoveryLoop.close();
		this.connection.close();
	}

	@Override
	public void close() {
		this.registry.shutdown();
		vanish();
	}

}
