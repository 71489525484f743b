package io.github.etcddiscovery.benchmarks;

import java.io.IOException;
import java.io.PrintStream;
import java.lang.management.ManagementFactory;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.Locale;
import java.util.Map;
import java.util.Objects;
import java.util.function.Supplier;

import com.sun.management.OperatingSystemMXBean;
import com.sun.management.ThreadMXBean;
import org.jspecify.annotations.Nullable;
import tools.jackson.databind.json.JsonMapper;

/**
 * Measures the catalog in memory and on a real etcd, prints one table, and writes it as
 * JSON. What runs on one thread is measured in processor time, which does not depend on
 * what else the machine does; what etcd takes part in is measured beside the same of raw
 * jetcd, in the same run.
 */
public final class Bench {

	private static final PrintStream out = System.out;

	private static final ThreadMXBean threads = (ThreadMXBean) ManagementFactory.getThreadMXBean();

	private final Map<String, Double> figures = new LinkedHashMap<>();

	private Bench() {
	}

	/**
	 * Measure and print.
	 * @param args {@code --json=FILE} where to write the figures, {@code --compare=FILE}
	 * what to compare them with, {@code --memory} to leave etcd out
	 * @throws Exception if something can't be measured
	 */
	public static void main(String[] args) throws Exception {
		Locale.setDefault(Locale.ROOT);
		Bench bench = new Bench();
		bench.inMemory();
		if (option(args, "--memory") == null) {
			ApplicationBench.run(bench::add);
			FleetBench.run(bench::add);
			for (int instances : new int[] { 100, 10_000, 100_000 }) {
				new EtcdBench(instances).run(bench::add);
			}
		}
		OperatingSystemMXBean machine = (OperatingSystemMXBean) ManagementFactory.getOperatingSystemMXBean();
		bench.add("load average of the machine, at the end", machine.getSystemLoadAverage());
		bench.print(read(option(args, "--compare")));
		String json = option(args, "--json");
		if (json != null && !json.isEmpty()) {
			Files.writeString(Path.of(json),
					JsonMapper.shared().writerWithDefaultPrettyPrinter().writeValueAsString(bench.figures) + "\n");
		}
		System.exit(0);
	}

	private static @Nullable String option(String[] args, String name) {
		for (String arg : args) {
			if (arg.equals(name)) {
				return "";
			}
			if (arg.startsWith(name + "=")) {
				return arg.substring(name.length() + 1);
			}
		}
		return null;
	}

	private static Map<?, ?> read(@Nullable String file) throws IOException {
		return (file != null) ? JsonMapper.shared().readValue(Files.readString(Path.of(file)), Map.class) : Map.of();
	}

	private void add(String name, double value) {
		this.figures.put(name, Math.round(value * 100) / 100.0);
		out.printf("  %s: %.2f%n", name, value);
	}

	private void print(Map<?, ?> before) {
		out.printf("%n%-75s %12s %12s %8s%n", "", "now", "before", "");
		this.figures.forEach((name, now) -> {
			Object then = before.get(name);
			if (then instanceof Number number && number.doubleValue() != 0) {
				out.printf("%-75s %12.2f %12.2f %+7.0f%%%n", name, now, number.doubleValue(),
						100 * (now / number.doubleValue() - 1));
			}
			else {
				out.printf("%-75s %12.2f%n", name, now);
			}
		});
	}

	private void inMemory() {
		for (int[] size : new int[][] { { 1_000, 100 }, { 100_000, 100 }, { 1_000_000, 100 }, { 100_000, 10_000 },
				{ 3, 3 }, { 1_000, 1_000 } }) {
			long before = usedHeap();
			CatalogBenchmark benchmark = new CatalogBenchmark();
			benchmark.instances = size[0];
			benchmark.perService = size[1];
			benchmark.fill();
			String name = "%,d instances in services of %,d: ".formatted(size[0], size[1]);
			int times = (size[1] > 1_000) ? 300 : 20_000;
			measure(name + "one change, microseconds", 1e3, times, benchmark::update);
			long allocated = threads.getCurrentThreadAllocatedBytes();
			for (int i = 0; i < times; i++) {
				benchmark.update();
			}
			add(name + "one change, bytes", (threads.getCurrentThreadAllocatedBytes() - allocated) / (double) times);
			measure(name + "getInstances, nanoseconds", 1, 2_000_000, benchmark::instances);
			measure(name + "reactive getInstances, nanoseconds", 1, 200_000_000 / (size[1] + 1_000),
					benchmark::reactiveInstances);
			if (size[0] == 100_000 && size[1] == 100) {
				add(name + "heap for an instance, bytes", (usedHeap() - before) / (double) size[0]);
			}
			Objects.requireNonNull(benchmark.services());
		}
	}

	private void measure(String name, double unit, int times, Supplier<?> what) {
		for (int i = 0; i < times; i++) {
			Objects.requireNonNull(what.get());
		}
		long begun = threads.getCurrentThreadCpuTime();
		for (int i = 0; i < times; i++) {
			Objects.requireNonNull(what.get());
		}
		add(name, (threads.getCurrentThreadCpuTime() - begun) / unit / times);
	}

	private static long usedHeap() {
		for (int i = 0; i < 3; i++) {
			System.gc();
		}
		return ManagementFactory.getMemoryMXBean().getHeapMemoryUsage().getUsed();
	}

}
