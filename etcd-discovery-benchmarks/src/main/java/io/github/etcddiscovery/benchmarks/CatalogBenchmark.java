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
import org.openjdk.jmh.annotations.Param;
import org.openjdk.jmh.annotations.Scope;
import org.openjdk.jmh.annotations.Setup;
import org.openjdk.jmh.annotations.State;
import org.openjdk.jmh.annotations.Warmup;
import org.reactivestreams.Subscription;
import reactor.core.CoreSubscriber;

import org.springframework.cloud.client.ServiceInstance;

/**
 * What look-ups cost, and what one change costs, among a hundred thousand and a million
 * instances in services of a hundred each. Run with {@code -prof gc} to see what is
 * allocated.
 */
@State(Scope.Benchmark)
@BenchmarkMode(Mode.AverageTime)
@OutputTimeUnit(TimeUnit.NANOSECONDS)
@Warmup(iterations = 3, time = 1)
@Measurement(iterations = 5, time = 1)
@Fork(value = 1, jvmArgsAppend = "-Xmx2g")
public class CatalogBenchmark {

	/**
	 * How many instances there are. Services have a hundred each.
	 */
	@Param({ "100000", "1000000" })
	int instances = 100_000;

	/**
	 * How many instances a service has.
	 */
	@Param("100")
	int perService = 100;

	private CatalogInMemory memory = new CatalogInMemory(0, 0);

	private EtcdDiscoveryClient client = new EtcdDiscoveryClient(this.memory.catalog(), () -> true, 0);

	private EtcdReactiveDiscoveryClient reactiveClient = new EtcdReactiveDiscoveryClient(this.memory.catalog(), 0);

	private String[] names = new String[0];

	private int next;

	/**
	 * Fill the catalog.
	 */
	@Setup
	public void fill() {
		int services = this.instances / this.perService;
		this.memory = new CatalogInMemory(services, this.perService);
		this.client = new EtcdDiscoveryClient(this.memory.catalog(), () -> true, 0);
		this.reactiveClient = new EtcdReactiveDiscoveryClient(this.memory.catalog(), 0);
		this.names = IntStream.range(0, services).mapToObj(CatalogInMemory::service).toArray(String[]::new);
	}

	private String name() {
		this.next = (this.next + 1) % this.names.length;
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
		Last last = new Last();
		this.reactiveClient.getInstances(name()).subscribe(last);
		return last.instance;
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
		boolean up = this.client.getInstances(name).size() == this.perService;
		this.memory.change(name, 0, up ? "DOWN" : "UP");
		return this.client.getInstances(name);
	}

	/**
	 * Asks for all and keeps the last.
	 */
	private static final class Last implements CoreSubscriber<ServiceInstance> {

		private @Nullable ServiceInstance instance;

		@Override
		public void onSubscribe(Subscription subscription) {
			subscription.request(Long.MAX_VALUE);
		}

		@Override
		public void onNext(ServiceInstance instance) {
			this.instance = instance;
		}

		@Override
		public void onError(Throwable failure) {
			throw new IllegalStateException(failure);
		}

		@Override
		public void onComplete() {
		}

	}

}
