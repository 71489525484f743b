package io.github.etcddiscovery.benchmarks;

import org.junit.jupiter.api.Test;

import static org.assertj.core.api.Assertions.assertThat;

/**
 * Tests for {@link CatalogBenchmark}.
 */
class CatalogBenchmarkTests {

	private final CatalogBenchmark benchmark = new CatalogBenchmark();

	@Test
	void lookUpsFindEverything() {
		assertThat(this.benchmark.services()).hasSize(CatalogBenchmark.SERVICES);
		assertThat(this.benchmark.instances()).hasSize(CatalogBenchmark.INSTANCES);
		assertThat(this.benchmark.reactiveInstances()).isNotNull();
	}

	@Test
	void updateIsSeenByTheLookUpBehindIt() {
		for (int i = 0; i < CatalogBenchmark.SERVICES; i++) {
			assertThat(this.benchmark.update()).hasSize(CatalogBenchmark.INSTANCES - 1);
		}
		assertThat(this.benchmark.update()).hasSize(CatalogBenchmark.INSTANCES);
	}

}
