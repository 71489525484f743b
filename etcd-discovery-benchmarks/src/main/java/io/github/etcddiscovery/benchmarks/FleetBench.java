package io.github.etcddiscovery.benchmarks;

import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Collection;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.function.ObjDoubleConsumer;
import java.util.stream.Collectors;

import io.etcd.jetcd.ByteSequence;
import io.etcd.jetcd.Client;
import io.etcd.jetcd.Watch;
import io.etcd.jetcd.lease.LeaseGrantResponse;
import io.etcd.jetcd.options.PutOption;
import io.etcd.jetcd.options.WatchOption;
import io.github.etcddiscovery.client.EtcdClientFactory;
import io.github.etcddiscovery.client.EtcdConnection;
import io.github.etcddiscovery.client.EtcdProperties;
import io.github.etcddiscovery.client.JetcdLeaseStore;
import io.github.etcddiscovery.client.JetcdListerWatcher;
import io.github.etcddiscovery.client.PropertiesEtcdConnectionDetails;
import io.github.etcddiscovery.core.Monitor;
import io.github.etcddiscovery.core.ThreadEventLoop;
import io.github.etcddiscovery.lease.ProcessLease;
import io.github.etcddiscovery.registry.LeasedRegistrations;
import io.github.etcddiscovery.testing.EtcdCluster;
import org.awaitility.Awaitility;

import org.springframework.boot.context.properties.bind.Binder;
import org.springframework.boot.context.properties.source.MapConfigurationPropertySource;
import org.springframework.boot.logging.LogLevel;
import org.springframework.boot.logging.LoggingSystem;

/**
 * What one etcd on this machine does for many applications: leases, renewals, and the
 * fan-out of a change to all that watch the whole prefix.
 */
final class FleetBench {

	private static final int LEASES = 5_000;

	private static final int WATCHERS = 1_000;

	private static final int EVENTS = 20;

	private static final int REGISTRATIONS = 2_000;

	private static final Duration TTL = Duration.ofSeconds(15);

	private static final Duration OUTAGE = Duration.ofSeconds(10);

	private static final long MIB = 1024 * 1024;

	private FleetBench() {
	}

	static void run(ObjDoubleConsumer<String> figures) throws Exception {
		try (EtcdCluster etcd = EtcdCluster.single().start();
				Client client = Client.builder().endpoints(etcd.clientUrl()).build()) {
			leases(client, figures);
			watchers(client, figures);
			figures.accept("fleet: memory of etcd with %,d leases and %,d watchers, MiB".formatted(LEASES, WATCHERS),
					(double) memory() / MIB);
		}
		try (EtcdCluster etcd = EtcdCluster.single().start()) {
			storm(etcd, figures);
		}
	}

	/**
	 * Registrations as applications have them, each with a lease and a watch of its own,
	 * before and after a restart of etcd.
	 */
	private static void storm(EtcdCluster etcd, ObjDoubleConsumer<String> figures) throws Exception {
		EtcdProperties properties = new Binder(
				new MapConfigurationPropertySource(Map.of("spring.cloud.etcd.endpoints", etcd.clientUrl())))
			.bindOrCreate("spring.cloud.etcd", EtcdProperties.class);
		// Each of the registrations would say that etcd is away
		LoggingSystem.get(FleetBench.class.getClassLoader()).setLogLevel("io.github.etcddiscovery", LogLevel.ERROR);
		Duration timeout = Duration.ofSeconds(5);
		Map<String, Long> renewed = new ConcurrentHashMap<>();
		Monitor monitor = (operation, lease) -> (failure) -> {
			if (operation == Monitor.Operation.RENEW && failure == null) {
				renewed.putIfAbsent(lease, System.nanoTime());
			}
		};
		CountDownLatch registered = new CountDownLatch(REGISTRATIONS);
		try (EtcdClientFactory factory = new EtcdClientFactory(properties,
				new PropertiesEtcdConnectionDetails(() -> properties, null), List.of(), List.of());
				EtcdConnection connection = new EtcdConnection(factory, timeout);
				ThreadEventLoop loop = new ThreadEventLoop("fleet")) {
			JetcdLeaseStore store = new JetcdLeaseStore(connection, TTL);
			long begun = System.nanoTime();
			for (int i = 0; i < REGISTRATIONS; i++) {
				new LeasedRegistrations(store, (range) -> new JetcdListerWatcher(connection, range),
						new ProcessLease(store, loop, TTL, monitor), timeout, (change) -> registered.countDown())
					.register("services/fleet/host-%d".formatted(i), "http://10.0.0.1:8080", (other) -> false);
			}
			require(registered.await(2, TimeUnit.MINUTES));
			figures.accept("fleet: registrations with a watch each from one process, a second",
					REGISTRATIONS / seconds(begun));
			etcd.member(0).kill();
			boolean early = new CountDownLatch(1).await(OUTAGE.toSeconds(), TimeUnit.SECONDS);
			require(!early);
			renewed.clear();
			begun = System.nanoTime();
			etcd.start();
			Awaitility.await().atMost(Duration.ofMinutes(2)).until(() -> renewed.size() >= REGISTRATIONS);
			figures.accept(
					"fleet: after a restart of etcd, until all of %,d leases are renewed, s".formatted(REGISTRATIONS),
					seconds(begun));
			figures.accept("fleet: after a restart of etcd, renewals in the busiest 100 ms, percent",
					100.0 * busiest(renewed.values()) / REGISTRATIONS);
		}
	}

	private static long busiest(Collection<Long> times) {
		return times.stream()
			.collect(Collectors.groupingBy((time) -> time / 100_000_000, Collectors.counting()))
			.values()
			.stream()
			.mapToLong(Long::longValue)
			.max()
			.orElse(0);
	}

	private static void require(boolean inTime) {
		if (!inTime) {
			throw new IllegalStateException("It takes too long");
		}
	}

	private static void leases(Client client, ObjDoubleConsumer<String> figures) throws Exception {
		long begun = System.nanoTime();
		List<CompletableFuture<?>> registrations = new ArrayList<>();
		List<Long> leases = new ArrayList<>();
		for (int i = 0; i < LEASES; i++) {
			ByteSequence key = bytes("services/service-%d/host-%d".formatted(i % 100, i));
			registrations
				.add(client.getLeaseClient().grant(600).thenApply(LeaseGrantResponse::getID).thenCompose((id) -> {
					synchronized (leases) {
						leases.add(id);
					}
					return client.getKVClient()
						.put(key, bytes("{\"host\":\"10.0.0.1\",\"port\":8080,\"metadata\":{\"zone\":\"a\"}}"),
								PutOption.builder().withLeaseId(id).build());
				}));
		}
		CompletableFuture.allOf(registrations.toArray(CompletableFuture[]::new)).get();
		figures.accept("fleet: registrations a second", LEASES / seconds(begun));
		begun = System.nanoTime();
		CompletableFuture
			.allOf(leases.stream()
				.map((id) -> client.getLeaseClient().keepAliveOnce(id))
				.toArray(CompletableFuture[]::new))
			.get();
		figures.accept("fleet: renewals a second", LEASES / seconds(begun));
	}

	private static void watchers(Client client, ObjDoubleConsumer<String> figures) throws Exception {
		List<Watch.Watcher> watchers = new ArrayList<>();
		CountDownLatch[] told = new CountDownLatch[EVENTS];
		for (int i = 0; i < EVENTS; i++) {
			told[i] = new CountDownLatch(WATCHERS);
		}
		CountDownLatch created = new CountDownLatch(WATCHERS);
		WatchOption all = WatchOption.builder().isPrefix(true).withCreateNotify(true).build();
		for (int i = 0; i < WATCHERS; i++) {
			watchers.add(client.getWatchClient().watch(bytes("services/"), all, (response) -> {
				if (response.isCreatedNotify()) {
					created.countDown();
				}
				response.getEvents()
					.forEach((event) -> told[Integer.parseInt(event.getKeyValue().getValue().toString())].countDown());
			}));
		}
		created.await(60, TimeUnit.SECONDS);
		long begun = System.nanoTime();
		for (int i = 0; i < EVENTS; i++) {
			client.getKVClient().put(bytes("services/service-0/host-0"), bytes(String.valueOf(i))).get();
			told[i].await(60, TimeUnit.SECONDS);
		}
		figures.accept("fleet: one change until %,d watchers have it, ms".formatted(WATCHERS),
				seconds(begun) * 1_000 / EVENTS);
		watchers.forEach(Watch.Watcher::close);
	}

	/**
	 * The resident memory of the etcd that this process has started, on Linux.
	 */
	private static long memory() throws Exception {
		return ProcessHandle.current()
			.descendants()
			.filter((process) -> process.info().command().orElse("").endsWith("etcd"))
			.mapToLong((process) -> resident(process.pid()))
			.sum();
	}

	private static long resident(long pid) {
		try {
			String pages = Files.readString(Path.of("/proc", String.valueOf(pid), "statm")).split(" ")[1];
			return Long.parseLong(pages) * 4096;
		}
		catch (Exception ex) {
			return 0;
		}
	}

	private static double seconds(long begun) {
		return (System.nanoTime() - begun) / 1e9;
	}

	private static ByteSequence bytes(String text) {
		return ByteSequence.from(text, StandardCharsets.UTF_8);
	}

}
