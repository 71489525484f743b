package io.github.etcddiscovery.benchmarks;

import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.function.ObjDoubleConsumer;

import io.etcd.jetcd.ByteSequence;
import io.etcd.jetcd.Client;
import io.etcd.jetcd.Watch;
import io.etcd.jetcd.lease.LeaseGrantResponse;
import io.etcd.jetcd.options.PutOption;
import io.etcd.jetcd.options.WatchOption;
import io.github.etcddiscovery.testing.EtcdCluster;

/**
 * What one etcd on this machine does for many applications: leases, renewals, and the
 * fan-out of a change to all that watch the whole prefix.
 */
final class FleetBench {

	private static final int LEASES = 5_000;

	private static final int WATCHERS = 1_000;

	private static final int EVENTS = 20;

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
