package io.github.etcddiscovery.benchmarks;

import java.io.File;
import java.io.IOException;
import java.lang.management.ManagementFactory;
import java.net.ConnectException;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse.BodyHandlers;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Objects;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import java.util.function.ObjDoubleConsumer;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import java.util.stream.Stream;

import com.sun.management.OperatingSystemMXBean;
import com.sun.management.ThreadMXBean;
import io.etcd.jetcd.ByteSequence;
import io.etcd.jetcd.Client;
import io.github.etcddiscovery.discovery.ServiceCatalog;
import io.github.etcddiscovery.registry.EtcdRegistration;
import io.github.etcddiscovery.registry.EtcdServiceRegistry;
import io.github.etcddiscovery.testing.EtcdCluster;

import org.springframework.boot.builder.SpringApplicationBuilder;
import org.springframework.cloud.client.ServiceInstance;
import org.springframework.cloud.client.discovery.DiscoveryClient;
import org.springframework.cloud.client.loadbalancer.CompletionContext;
import org.springframework.cloud.client.loadbalancer.DefaultRequest;
import org.springframework.cloud.client.loadbalancer.DefaultResponse;
import org.springframework.cloud.client.loadbalancer.LoadBalancerClient;
import org.springframework.cloud.client.loadbalancer.LoadBalancerLifecycle;
import org.springframework.cloud.loadbalancer.support.LoadBalancerClientFactory;
import org.springframework.context.ConfigurableApplicationContext;

/**
 * What an application notices of this starter: its start, its registration, its choices
 * of an instance, and what it costs while nothing happens.
 */
final class ApplicationBench {

	private static final int STARTS = 5;

	private static final int REGISTRATIONS = 60;

	private static final int CHOICES = 20_000;

	private static final int IDLE_SECONDS = 30;

	private static final Pattern OURS = Pattern.compile("etcd|grpc|protobuf|pcollections|vertx|failsafe|perfmark");

	private ApplicationBench() {
	}

	static void run(ObjDoubleConsumer<String> figures) throws Exception {
		try (EtcdCluster etcd = EtcdCluster.single().start();
				Client raw = Client.builder().endpoints(etcd.clientUrl()).build()) {
			starts(etcd.clientUrl(), figures);
			try (ConfigurableApplicationContext one = application("one", etcd.clientUrl());
					ConfigurableApplicationContext other = application("other", etcd.clientUrl())) {
				registrations(one, other, raw, figures);
			}
			choices(etcd.clientUrl(), raw, figures);
			idle(etcd.clientUrl(), figures);
		}
	}

	private static ConfigurableApplicationContext application(String name, String url, String... properties) {
		return new SpringApplicationBuilder(StartUp.class).run(
				Stream
					.concat(Stream.of("--spring.application.name=" + name, "--server.port=0",
							"--logging.level.root=error", "--spring.main.log-startup-info=false",
							"--spring.main.banner-mode=off", "--spring.cloud.etcd.endpoints=" + url),
							Stream.of(properties))
					.toArray(String[]::new));
	}

	private static void starts(String url, ObjDoubleConsumer<String> figures) throws Exception {
		String all = System.getProperty("java.class.path");
		String without = Stream.of(all.split(File.pathSeparator))
			.filter((entry) -> new File(entry).isDirectory() || !OURS.matcher(new File(entry).getName()).find())
			.collect(Collectors.joining(File.pathSeparator));
		double[][] with = new double[3][STARTS];
		double[][] base = new double[3][STARTS];
		for (int i = 0; i < STARTS; i++) {
			start(without, url, base, i);
			start(all, url, with, i);
		}
		figures.accept("start without the starter, wall, ms", median(base[0]));
		figures.accept("start: added, wall, ms", median(difference(with[0], base[0])));
		figures.accept("start: added, processor time of all threads, ms", median(difference(with[1], base[1])));
		figures.accept("threads added, right after the start", median(difference(with[2], base[2])));
	}

	/**
	 * Of pairs that followed each other, since the machine may be busier at one time than
	 * at another.
	 */
	private static double[] difference(double[] with, double[] base) {
		double[] difference = new double[with.length];
		for (int i = 0; i < with.length; i++) {
			difference[i] = with[i] - base[i];
		}
		return difference;
	}

	private static void start(String classPath, String url, double[][] into, int run) throws Exception {
		Process process = new ProcessBuilder(Path.of(System.getProperty("java.home"), "bin", "java").toString(), "-cp",
				classPath, StartUp.class.getName(), "--spring.cloud.etcd.endpoints=" + url)
			.redirectErrorStream(true)
			.start();
		String last = process.inputReader().lines().reduce("", (before, line) -> line);
		process.waitFor();
		String[] numbers = last.split(" ");
		for (int i = 0; i < into.length; i++) {
			into[i][run] = Double.parseDouble(numbers[i]);
		}
	}

	/**
	 * An application has requested its lease before it registers; one that registers
	 * again after it has deregistered gets a new one.
	 */
	private static void registrations(ConfigurableApplicationContext one, ConfigurableApplicationContext other,
			Client raw, ObjDoubleConsumer<String> figures) throws Exception {
		EtcdServiceRegistry registry = one.getBean(EtcdServiceRegistry.class);
		EtcdRegistration first = one.getBean(EtcdRegistration.class);
		EtcdRegistration second = new EtcdRegistration(first.getInstance().withInstanceId("second").withPort(1));
		BlockingQueue<Integer> seen = new LinkedBlockingQueue<>();
		ServiceCatalog catalog = other.getBean(ServiceCatalog.class);
		catalog.follow("one", "the benchmark", () -> seen.add(catalog.instances("one").size()));
		seen.add(catalog.instances("one").size());
		double[] puts = new double[REGISTRATIONS];
		double[] ready = new double[REGISTRATIONS];
		double[] anew = new double[REGISTRATIONS];
		await(seen, 1);
		for (int i = 0; i < REGISTRATIONS; i++) {
			long begun = System.nanoTime();
			registry.register(second);
			await(seen, 2);
			ready[i] = millis(begun);
			begun = System.nanoTime();
			raw.getKVClient().put(bytes("other"), bytes("value")).get();
			puts[i] = millis(begun);
			registry.deregister(second);
			await(seen, 1);
			registry.deregister(first);
			await(seen, 0);
			begun = System.nanoTime();
			registry.register(first);
			await(seen, 1);
			anew[i] = millis(begun);
		}
		figures.accept("one raw put, p50, ms", median(puts));
		figures.accept("register() until another application has it, lease at hand, p50, ms", median(ready));
		figures.accept("register() until another application has it, lease at hand, ratio to a put",
				median(ready) / median(puts));
		figures.accept("register() until another application has it, with a new lease, ratio to a put",
				median(anew) / median(puts));
	}

	private static void await(BlockingQueue<Integer> seen, int instances) throws InterruptedException {
		Integer now = seen.poll(10, TimeUnit.SECONDS);
		while (now != null && now != instances) {
			now = seen.poll(10, TimeUnit.SECONDS);
		}
		if (now == null) {
			throw new IllegalStateException("Nothing was seen for 10 s");
		}
	}

	private static void choices(String url, Client raw, ObjDoubleConsumer<String> figures) throws Exception {
		int[] sizes = { 3, 1_000 };
		List<String> simple = new ArrayList<>(List.of("--spring.cloud.etcd.enabled=false"));
		for (int size : sizes) {
			for (int i = 0; i < size; i++) {
				String address = "http://10.0.%d.%d:8080".formatted(i / 256, i % 256);
				simple.add(
						"--spring.cloud.discovery.client.simple.instances.of%d[%d].uri=%s".formatted(size, i, address));
				raw.getKVClient().put(bytes("services/of%d/%04d".formatted(size, i)), bytes(address)).get();
			}
		}
		try (ConfigurableApplicationContext peer = application("peer", url, simple.toArray(String[]::new));
				ConfigurableApplicationContext ours = application("ours", url);
				ConfigurableApplicationContext slow = application("slow", url,
						"--spring.cloud.etcd.loadbalancer.slow-start=10m")) {
			for (int size : sizes) {
				String name = "choose() of %,d: ".formatted(size);
				double micros = choice(peer, "of" + size);
				figures.accept(name + "SimpleDiscoveryClient, us", micros);
				figures.accept(name + "ratio", choice(ours, "of" + size) / micros);
				figures.accept(name + "ratio with slow start", choice(slow, "of" + size) / micros);
				ejectOne(slow, "of" + size);
				raw.getKVClient().put(bytes("services/of%d/new".formatted(size)), bytes("http://10.1.0.1:8080")).get();
				while (slow.getBean(DiscoveryClient.class).getInstances("of" + size).size() == size) {
					Thread.onSpinWait();
				}
				figures.accept(name + "ratio with slow start, one ejected and one new",
						choice(slow, "of" + size) / micros);
			}
		}
	}

	@SuppressWarnings("unchecked")
	private static void ejectOne(ConfigurableApplicationContext context, String service) {
		ServiceInstance ejected = context.getBean(DiscoveryClient.class).getInstances(service).get(0);
		CompletionContext<Object, ServiceInstance, Object> failed = new CompletionContext<>(
				CompletionContext.Status.FAILED, new ConnectException(), new DefaultRequest<>(),
				new DefaultResponse(ejected));
		context.getBean(LoadBalancerClientFactory.class)
			.getInstances(service, LoadBalancerLifecycle.class)
			.values()
			.forEach((lifecycle) -> ((LoadBalancerLifecycle<Object, Object, ServiceInstance>) lifecycle)
				.onComplete(failed));
	}

	/**
	 * The best of some rounds: what is measured is the code, not the machine.
	 */
	private static double choice(ConfigurableApplicationContext context, String service) {
		LoadBalancerClient client = context.getBean(LoadBalancerClient.class);
		ThreadMXBean threads = (ThreadMXBean) ManagementFactory.getThreadMXBean();
		double best = Double.MAX_VALUE;
		for (int round = 0; round < 5; round++) {
			long begun = threads.getCurrentThreadCpuTime();
			for (int i = 0; i < CHOICES; i++) {
				Objects.requireNonNull(client.choose(service));
			}
			best = Math.min(best, (threads.getCurrentThreadCpuTime() - begun) / 1e3 / CHOICES);
		}
		return best;
	}

	/**
	 * What etcd counts and what the processor does while an application has nothing to
	 * do.
	 */
	private static void idle(String url, ObjDoubleConsumer<String> figures) throws Exception {
		try (ConfigurableApplicationContext context = application("idle", url)) {
			Objects.requireNonNull(context.getBean(DiscoveryClient.class).getServices());
			pass(2);
			OperatingSystemMXBean machine = (OperatingSystemMXBean) ManagementFactory.getOperatingSystemMXBean();
			double received = metric(url, "etcd_network_client_grpc_received_bytes_total");
			double sent = metric(url, "etcd_network_client_grpc_sent_bytes_total");
			double messages = metric(url, "grpc_server_msg_received_total");
			long processor = machine.getProcessCpuTime();
			pass(IDLE_SECONDS);
			double minute = 60.0 / IDLE_SECONDS;
			figures.accept("idle: processor time a minute, ms",
					(machine.getProcessCpuTime() - processor) / 1e6 * minute);
			figures.accept("idle: requests to etcd a minute",
					(metric(url, "grpc_server_msg_received_total") - messages) * minute);
			figures.accept("idle: bytes to etcd a minute",
					(metric(url, "etcd_network_client_grpc_received_bytes_total") - received) * minute);
			figures.accept("idle: bytes from etcd a minute",
					(metric(url, "etcd_network_client_grpc_sent_bytes_total") - sent) * minute);
		}
	}

	private static void pass(int seconds) throws InterruptedException {
		boolean early = new CountDownLatch(1).await(seconds, TimeUnit.SECONDS);
		if (early) {
			throw new IllegalStateException("Nobody counts down");
		}
	}

	/**
	 * The sum of a metric of etcd over all its labels.
	 */
	private static double metric(String url, String name) throws IOException, InterruptedException {
		return HttpClient.newHttpClient()
			.send(HttpRequest.newBuilder(URI.create(url + "/metrics")).build(), BodyHandlers.ofLines())
			.body()
			.filter((line) -> line.startsWith(name + " ") || line.startsWith(name + "{"))
			.mapToDouble((line) -> Double.parseDouble(line.substring(line.lastIndexOf(' ') + 1)))
			.sum();
	}

	private static double median(double[] values) {
		double[] sorted = values.clone();
		Arrays.sort(sorted);
		return sorted[sorted.length / 2];
	}

	private static double millis(long begun) {
		return (System.nanoTime() - begun) / 1e6;
	}

	private static ByteSequence bytes(String text) {
		return ByteSequence.from(text, StandardCharsets.UTF_8);
	}

}
