package io.github.etcddiscovery.benchmarks;

import java.lang.management.ManagementFactory;

import com.sun.management.ThreadMXBean;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

import static org.assertj.core.api.Assertions.assertThat;

/**
 * Tests for {@link CatalogBenchmark}.
 */
class CatalogBenchmarkTests {

	private static final int SERVICES = 10;

	private static final int INSTANCES = 100;

	private final CatalogBenchmark benchmark = new CatalogBenchmark();

	@BeforeEach
	void fill() {
		this.benchmark.instances = SERVICES * INSTANCES;
		this.benchmark.fill();
	}

	@Test
	void lookUpsFindEverything() {
		assertThat(this.benchmark.services()).hasSize(SERVICES);
		assertThat(this.benchmark.instances()).hasSize(INSTANCES);
		assertThat(this.benchmark.reactiveInstances()).isNotNull();
	}

	@Test
	void updateIsSeenByTheLookUpBehindIt() {
		for (int i = 0; i < SERVICES; i++) {
			assertThat(this.benchmark.update()).hasSize(INSTANCES - 1);
		}
		assertThat(this.benchmark.update()).hasSize(INSTANCES);
	}

	/**
	 * Time depends on what else the machine does; memory does not.
	 */
	@Test
	void changeTakesAboutAsMuchMemoryHoweverManyInstancesThereAre() {
		long few = allocatedByUpdate(1_000);
		long many = allocatedByUpdate(50_000);
		assertThat(many).isLessThan(2 * few).isLessThan(60_000);
	}

	private long allocatedByUpdate(int instances) {
		this.benchmark.instances = instances;
		this.benchmark.fill();
		for (int i = 0; i < 2_000; i++) {
			this.benchmark.update();
		}
		ThreadMXBean threads = (ThreadMXBean) ManagementFactory.getThreadMXBean();
		long before = threads.getCurrentThreadAllocatedBytes();
		for (int i = 0; i < 1_000; i++) {
			this.benchmark.update();
		}
		return (threads.getCurrentThreadAllocatedBytes() - before) / 1_000;
	}

}
