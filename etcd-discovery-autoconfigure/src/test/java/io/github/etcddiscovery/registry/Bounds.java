package io.github.etcddiscovery.registry;

import java.time.Duration;
import java.util.concurrent.Callable;

import org.apache.commons.logging.Log;
import org.apache.commons.logging.LogFactory;
import org.awaitility.Awaitility;

import static org.assertj.core.api.Assertions.assertThat;

/**
 * Waits for what a fault leads to, and holds it against the bound it has.
 */
final class Bounds {

	private static final Log logger = LogFactory.getLog(Bounds.class);

	private static final Duration PATIENCE = Duration.ofSeconds(60);

	private Bounds() {
	}

	static void awaitUntil(Callable<Boolean> condition) {
		Awaitility.await().atMost(PATIENCE).pollInterval(Duration.ofMillis(20)).until(condition);
	}

	/**
	 * Waits for the condition, logs how long it took, and fails if that is longer than
	 * the bound.
	 */
	static void within(String what, Duration bound, Callable<Boolean> condition) {
		long start = System.nanoTime();
		awaitUntil(condition);
		Duration took = Duration.ofNanos(System.nanoTime() - start);
		logger.info("%s: %d ms of %d ms".formatted(what, took.toMillis(), bound.toMillis()));
		assertThat(took).isLessThanOrEqualTo(bound);
	}

	/**
	 * Sees that something stays as it is.
	 */
	static void stays(Duration duration, Callable<Boolean> condition) {
		Awaitility.await().during(duration).atMost(duration.plusSeconds(10)).until(condition);
	}

}
