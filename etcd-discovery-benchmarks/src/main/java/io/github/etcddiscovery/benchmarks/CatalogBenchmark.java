package io.github.etcddiscovery.benchmarks;

import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.stream.IntStream;

import io.github.etcddiscovery.discovery.EtcdDiscoveryClient;
import io.github.etcddiscovery.discovery.EtcdReactiveDiscoveryClient;
import org.jspecify.annotations.Nullable;
import org.openjdk.jmh.annotations.Benchmark;
import org.openjdk.jmh.annotations.BenchmarkMode;
import org.openjdk.jmh.annotations.Fork;
import org.openjdk.jmh.annotations.Measurement;
import org.openjdk.jmh.annotations.Mode;
import org.openjdk.jmh.annotations.OutputTimeUnit;
import org.openjdk.jmh.annotations.Scope;
import org.openjdk.jmh.annotations.State;
import org.openjdk.jmh.annotations.Warmup;

import org.springframework.cloud.client.ServiceInstance;

/**
 * What look-ups cost, and what one change costs, among a thousand services of a hundred
 * instances each. Run with {@code -prof gc} to see what is allocated.
 */
@State(Scope.Benchmark)
@BenchmarkMode(Mode.AverageTime)
@OutputTimeUnit(TimeUnit.NANOSECONDS)
@Warmup(iterations = 3, time = 1)
@Measurement(iterations = 5, time = 1)
@Fork(value = 1, jvmArgsAppend = "-Xmx1g")
public class CatalogBenchmark {

	static final int SERVICES = 1000;

	static final int INSTANCES = 100;

	private final CatalogInMemory memory = new CatalogInMemory(SERVICES, INSTANCES);

	private final EtcdDiscoveryClient client = new EtcdDiscoveryClient(this.memory.catalog(), () -> true, 0);

	private final EtcdReactiveDiscoveryClient reactiveClient = new EtcdReactiveDiscoveryClient(this.memory.catalog(),
			0);

	private final String[] names = IntStream.range(0, SERVICES)
		.mapToObj(CatalogInMemory::service)
		.toArray(String[]::new);

	private int next;

	private String name() {
		this.next = (this.next + 1) % SERVICES;
		return this.names[this.next];
	}

	/**
	 * {@code DiscoveryClient.getInstances}.
	 */
	@Benchmark
	public List<ServiceInstance> instances() {
		return this.client.getInstances(name());
	}

	/**
	 * {@code ReactiveDiscoveryClient.getInstances}, subscribed to until the last of the
	 * instances has come.
	 */
	@Benchmark
	public @Nullable ServiceInstance reactiveInstances() {
		return this.reactiveClient.getInstances(name()).blockLast();
	}

	/**
	 * {@code DiscoveryClient.getServices}.
	 */
	@Benchmark
	public List<String> services() {
		return this.client.getServices();
	}

	/**
	 * One instance changes its status, from the watch's event until look-ups see it.
	 */
	@Benchmark
	@OutputTimeUnit(TimeUnit.MICROSECONDS)
	public List<ServiceInstance> update() {
		String name = name();
		boolean up = this.client.getInstances(name).size() == INSTANCES;
		this.memory.change(name, 0, up ? "DOWN" : "UP");
		return this.client.getInstances(name);
	}

}
