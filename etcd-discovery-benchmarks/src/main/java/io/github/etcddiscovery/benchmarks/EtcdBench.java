package io.github.etcddiscovery.benchmarks;

import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicLong;
import java.util.concurrent.atomic.AtomicReference;
import java.util.function.ObjDoubleConsumer;
import java.util.stream.Stream;

import io.etcd.jetcd.ByteSequence;
import io.etcd.jetcd.Client;
import io.etcd.jetcd.KV;
import io.etcd.jetcd.Watch;
import io.etcd.jetcd.kv.GetResponse;
import io.etcd.jetcd.op.Op;
import io.etcd.jetcd.options.GetOption;
import io.etcd.jetcd.options.PutOption;
import io.etcd.jetcd.options.WatchOption;
import io.github.etcddiscovery.client.EtcdConnection;
import io.github.etcddiscovery.client.JetcdListerWatcher;
import io.github.etcddiscovery.core.ThreadEventLoop;
import io.github.etcddiscovery.discovery.ServiceCatalog;
import io.github.etcddiscovery.instance.InstanceReader;
import io.github.etcddiscovery.instance.JsonCodec;
import io.github.etcddiscovery.testing.EtcdCluster;

import org.springframework.boot.Banner;
import org.springframework.boot.WebApplicationType;
import org.springframework.boot.builder.SpringApplicationBuilder;
import org.springframework.cloud.client.ServiceInstance;
import org.springframework.cloud.client.discovery.DiscoveryClient;
import org.springframework.context.ConfigurableApplicationContext;

/**
 * What an application sees of an etcd with so many instances, beside what a raw watch and
 * raw pages of jetcd see of it.
 */
final class EtcdBench {

	private static final int PER_SERVICE = 100;

	private static final int PAGE = 5_000;

	private static final int BURST = 20_000;

	private static final int LISTS = 5;

	private static final int PUTS = 500;

	private static final int SERVICES = 1_000;

	private static final int CALLED = 5;

	private static final ByteSequence PREFIX = bytes("services/");

	private final int instances;

	EtcdBench(int instances) {
		this.instances = instances;
	}

	void run(ObjDoubleConsumer<String> figures) throws Exception {
		String size = "%,d instances on etcd: ".formatted(this.instances);
		try (EtcdCluster etcd = EtcdCluster.single().start();
				Client raw = Client.builder().endpoints(etcd.clientUrl()).maxInboundMessageSize(64 << 20).build()) {
			fill(raw.getKVClient());
			try (ConfigurableApplicationContext context = application(etcd.clientUrl())) {
				context.getBean(DiscoveryClient.class).getServices();
				list(raw.getKVClient(), context.getBean(EtcdConnection.class), size, figures);
				DiscoveryClient client = context.getBean(DiscoveryClient.class);
				propagate(raw, context, size, figures);
				burst(raw, client, size, figures);
			}
			if (this.instances / PER_SERVICE >= SERVICES) {
				scope(etcd.clientUrl(), raw, size, figures);
			}
		}
	}

	/**
	 * What an application does when it starts: list, read and index all.
	 */
	private void list(KV kv, EtcdConnection connection, String size, ObjDoubleConsumer<String> figures)
			throws Exception {
		double[] pages = new double[LISTS];
		double[] lists = new double[LISTS];
		double[] pauses = new double[LISTS];
		for (int i = 0; i < LISTS; i++) {
			long begun = System.nanoTime();
			readPages(kv);
			pages[i] = millis(begun);
			begun = System.nanoTime();
			try (TimedEventLoop loop = new TimedEventLoop(new ThreadEventLoop("bench"));
					ServiceCatalog catalog = new ServiceCatalog("services",
							new InstanceReader("services", List.of(new JsonCodec())),
							(range) -> new JetcdListerWatcher(connection, range), loop, Duration.ofSeconds(30),
							Duration.ofSeconds(60))) {
				catalog.start();
				catalog.known().get();
				lists[i] = millis(begun);
				// Behind the task that made it known
				CompletableFuture.runAsync(() -> {
				}, loop).get();
				pauses[i] = loop.longest() / 1e6;
			}
		}
		Arrays.sort(pages);
		Arrays.sort(lists);
		Arrays.sort(pauses);
		figures.accept(size + "raw pages, ms", pages[LISTS / 2]);
		figures.accept(size + "cold list, ms", lists[LISTS / 2]);
		figures.accept(size + "cold list, ratio", lists[LISTS / 2] / pages[LISTS / 2]);
		figures.accept(size + "cold list, the longest that the loop was busy, ms", pauses[LISTS / 2]);
	}

	private static ConfigurableApplicationContext application(String url, String... properties) {
		return new SpringApplicationBuilder(Propagation.class).web(WebApplicationType.NONE)
			.bannerMode(Banner.Mode.OFF)
			.run(Stream.concat(Stream.of("--spring.application.name=bench", "--logging.level.root=error",
					"--spring.main.log-startup-info=false", "--spring.cloud.etcd.discovery.sync-timeout=60s",
					"--spring.cloud.etcd.endpoints=" + url), Stream.of(properties))
				.toArray(String[]::new));
	}

	/**
	 * A caller of five services that follows only these, while all are written. It does
	 * not ask for the names of all services, which would lead to following their keys.
	 */
	private void scope(String url, Client raw, String size, ObjDoubleConsumer<String> figures) throws Exception {
		try (ConfigurableApplicationContext context = application(url,
				"--spring.cloud.etcd.discovery.watch-scope=service")) {
			DiscoveryClient client = context.getBean(DiscoveryClient.class);
			ServiceCatalog catalog = context.getBean(ServiceCatalog.class);
			long begun = System.nanoTime();
			for (int i = 0; i < CALLED; i++) {
				client.getInstances("service-" + i);
			}
			figures.accept(size + "watch-scope service, first look-ups of 5 services, ms", millis(begun));
			long before = catalog.counts().events();
			for (int i = 0; i < SERVICES; i++) {
				raw.getKVClient()
					.put(key("service-" + i, 7), bytes(value("service-" + i, 7, 64_000)), PutOption.DEFAULT)
					.get();
			}
			while (port(client, "service-" + (CALLED - 1)) != 64_000) {
				Thread.onSpinWait();
			}
			figures.accept(size + "watch-scope service, changes delivered to a caller of 5 of 1,000 that were written",
					catalog.counts().events() - before);
		}
	}

	private void fill(KV kv) throws Exception {
		for (int from = 0; from < this.instances; from += PER_SERVICE) {
			Op[] puts = new Op[PER_SERVICE];
			for (int i = 0; i < PER_SERVICE; i++) {
				puts[i] = put("service-" + from / PER_SERVICE, i, 8080);
			}
			kv.txn().Then(puts).commit().get();
		}
	}

	private static Op put(String service, int instance, int port) {
		return Op.put(key(service, instance), bytes(value(service, instance, port)), PutOption.DEFAULT);
	}

	private static ByteSequence key(String service, int instance) {
		return bytes("services/%s/host-%d".formatted(service, instance));
	}

	private static String value(String service, int instance, int port) {
		return """
				{"service":"%s","id":"host-%d","host":"10.0.0.%d","port":%d,"scheme":"http","status":"UP",\
				"metadata":{"zone":"a"}}""".formatted(service, instance, instance, port);
	}

	private void readPages(KV kv) throws Exception {
		ByteSequence from = PREFIX;
		ByteSequence end = bytes("services0");
		GetResponse page;
		do {
			page = kv.get(from, GetOption.builder().withRange(end).withLimit(PAGE).build()).get();
			from = bytes(page.getKvs().get(page.getKvs().size() - 1).getKey().toString() + "\0");
		}
		while (page.isMore());
	}

	/**
	 * The same put is waited for by a raw watch and by the application, each of which is
	 * told of it: a thread that asked all the time would take a processor away from both.
	 */
	private void propagate(Client raw, ConfigurableApplicationContext context, String size,
			ObjDoubleConsumer<String> figures) throws Exception {
		DiscoveryClient client = context.getBean(DiscoveryClient.class);
		AtomicReference<Awaited> awaited = new AtomicReference<>(new Awaited("", 0));
		context.getBean(ServiceCatalog.class).store().onChange((catalog) -> {
			Awaited change = awaited.get();
			if (!change.ours.isDone() && port(client, change.service) == change.port) {
				change.ours.complete(System.nanoTime());
			}
		});
		WatchOption all = WatchOption.builder().isPrefix(true).build();
		try (Watch.Watcher watcher = raw.getWatchClient()
			.watch(PREFIX, all, (response) -> awaited.get().raw.complete(System.nanoTime()))) {
			double[] rawMillis = new double[PUTS];
			double[] ourMillis = new double[PUTS];
			for (int i = -PUTS / 2; i < PUTS; i++) {
				Awaited change = new Awaited("service-" + Math.floorMod(i, Math.max(1, this.instances / PER_SERVICE)),
						10_000 + Math.floorMod(i, 50_000));
				awaited.set(change);
				long begun = System.nanoTime();
				raw.getKVClient().put(key(change.service, 7), bytes(value(change.service, 7, change.port)));
				long ours = change.ours.get(10, TimeUnit.SECONDS);
				long raws = change.raw.get(10, TimeUnit.SECONDS);
				if (i >= 0) {
					rawMillis[i] = (raws - begun) / 1e6;
					ourMillis[i] = (ours - begun) / 1e6;
				}
			}
			Arrays.sort(rawMillis);
			Arrays.sort(ourMillis);
			figures.accept(size + "put until a raw watch has it, p50, ms", rawMillis[PUTS / 2]);
			figures.accept(size + "put until getInstances has it, p50, ms", ourMillis[PUTS / 2]);
			figures.accept(size + "put until getInstances has it, p50, ratio",
					ourMillis[PUTS / 2] / rawMillis[PUTS / 2]);
			figures.accept(size + "put until getInstances has it, p99, ratio",
					ourMillis[PUTS * 99 / 100] / rawMillis[PUTS * 99 / 100]);
		}
	}

	private static int port(DiscoveryClient client, String service) {
		for (ServiceInstance instance : client.getInstances(service)) {
			if ("host-7".equals(instance.getInstanceId())) {
				return instance.getPort();
			}
		}
		return 0;
	}

	private void burst(Client raw, DiscoveryClient client, String size, ObjDoubleConsumer<String> figures)
			throws Exception {
		AtomicLong seen = new AtomicLong();
		CompletableFuture<Long> done = new CompletableFuture<>();
		WatchOption all = WatchOption.builder().isPrefix(true).build();
		try (Watch.Watcher watcher = raw.getWatchClient().watch(PREFIX, all, (response) -> {
			if (seen.addAndGet(response.getEvents().size()) > BURST) {
				done.complete(System.nanoTime());
			}
		})) {
			long begun = System.nanoTime();
			List<CompletableFuture<?>> writes = new ArrayList<>();
			int services = Math.max(1, this.instances / PER_SERVICE);
			for (int sent = 0; sent < BURST; sent += PER_SERVICE) {
				String service = "service-" + (sent / PER_SERVICE) % services;
				Op[] puts = new Op[PER_SERVICE];
				for (int i = 0; i < PER_SERVICE; i++) {
					puts[i] = put(service, i, 60_000 + sent / PER_SERVICE);
				}
				writes.add(raw.getKVClient().txn().Then(puts).commit());
			}
			CompletableFuture.allOf(writes.toArray(CompletableFuture[]::new)).get();
			// They may have been applied in another order than they were sent
			raw.getKVClient().put(key("service-0", 7), bytes(value("service-0", 7, 65_000)));
			while (port(client, "service-0") != 65_000) {
				Thread.onSpinWait();
			}
			long ours = System.nanoTime();
			double rawMillis = (done.get() - begun) / 1e6;
			figures.accept(size + "burst of 20,000 changes, raw watch, ms", rawMillis);
			figures.accept(size + "burst of 20,000 changes, ratio", (ours - begun) / 1e6 / rawMillis);
		}
	}

	private static double millis(long begun) {
		return Duration.ofNanos(System.nanoTime() - begun).toNanos() / 1e6;
	}

	private static ByteSequence bytes(String text) {
		return ByteSequence.from(text, StandardCharsets.UTF_8);
	}

	/**
	 * A change, and when it was seen.
	 */
	private static final class Awaited {

		private final String service;

		private final int port;

		private final CompletableFuture<Long> raw = new CompletableFuture<>();

		private final CompletableFuture<Long> ours = new CompletableFuture<>();

		Awaited(String service, int port) {
			this.service = service;
			this.port = port;
		}

	}

}
