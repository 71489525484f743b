package io.github.etcddiscovery.console.it;

import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.Executors;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;

import io.etcd.jetcd.ByteSequence;
import io.etcd.jetcd.Client;
import io.etcd.jetcd.op.Op;
import io.etcd.jetcd.options.PutOption;
import io.github.etcddiscovery.testing.EtcdExtension;
import org.apache.commons.logging.Log;
import org.apache.commons.logging.LogFactory;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.extension.RegisterExtension;
import org.openqa.selenium.Keys;

import org.springframework.boot.WebApplicationType;
import org.springframework.context.ConfigurableApplicationContext;

import static org.assertj.core.api.Assertions.assertThat;

/**
 * The console with ten thousand instances: only what is in view is drawn. With
 * {@code -Dconsole.seconds=60} it measures for so long what an open page costs while ten
 * instances change each second.
 */
@Timeout(300)
class ScaleIntegrationTests {

	private static final Log logger = LogFactory.getLog(ScaleIntegrationTests.class);

	private static final int SECONDS = Integer.getInteger("console.seconds", 0);

	@RegisterExtension
	static final EtcdExtension etcd = EtcdExtension.single();

	@RegisterExtension
	static final Browser browser = new Browser();

	@Test
	void drawsNoMoreThanWhatIsInView() {
		try (ConfigurableApplicationContext context = Application.run(etcd, WebApplicationType.SERVLET);
				Client client = Client.builder().endpoints(etcd.clientUrl()).build()) {
			put(client, 1000, 10);
			browser.open(Application.console(context) + "#/services");
			browser.awaitText("#found", "1,001 services");
			assertThat(drawn()).isBetween(10, 60);
			browser.press("/");
			browser.press("metadata.n=7 service-09");
			browser.awaitText("#found", "100 of 1,001 services");
			browser.awaitText("tr.row", "1 of 10");
			browser.press(Keys.ESCAPE);
			browser.awaitText("#found", "1,001 services");
			browser.run("document.querySelector('.window').scrollTop = 1e9");
			browser.awaitText("tr.row", "shop");
			assertThat(drawn()).isBetween(10, 60);
			for (String page : List.of("", "services", "services/service-0007")) {
				measure(client, page);
			}

			etcd.admin().deletePrefix("services/service-");
			put(client, 10, 1000);
			browser.go("#/services/service-0003");
			browser.awaitText("#found", "1,000 instances");
			assertThat(drawn()).isBetween(10, 60);
			browser.run("document.querySelector('tr.row a').focus()");
			for (int i = 0; i < 40; i++) {
				browser.press(Keys.ARROW_DOWN);
			}
			Browser.await().until(() -> browser.focused().getText().equals("instance-0040"));
			assertThat(browser.violations()).isEmpty();
		}
	}

	private static int drawn() {
		return browser.findAll("tr.row").size();
	}

	private static void measure(Client client, String page) {
		if (SECONDS == 0) {
			return;
		}
		browser.go("#/" + page);
		browser.cdp("Performance.enable", Map.of());
		AtomicInteger number = new AtomicInteger();
		ScheduledExecutorService changes = Executors.newSingleThreadScheduledExecutor();
		try {
			changes.scheduleAtFixedRate(() -> {
				int i = number.getAndIncrement();
				client.getKVClient()
					.put(bytes("services/service-%04d/instance-0000".formatted(i % 1000)),
							bytes(value(i % 1000, 0, "CHANGED-" + i)));
			}, 0, 100, TimeUnit.MILLISECONDS);
			browser.run("performance.setResourceTimingBufferSize(100000); performance.clearResourceTimings()");
			double before = cpuSeconds();
			long begin = System.nanoTime();
			Browser.await()
				.atMost(Duration.ofSeconds(SECONDS + 30))
				.until(() -> System.nanoTime() - begin > Duration.ofSeconds(SECONDS).toNanos());
			double seconds = (System.nanoTime() - begin) / 1e9;
			double busy = (cpuSeconds() - before) / seconds;
			double bytes = ((Number) browser.run(
					"return performance.getEntriesByType('resource').reduce((sum, entry) => sum + entry.transferSize, 0)"))
				.doubleValue() / seconds;
			logger.info(
					"An open page '%s': %.1f %% of a CPU, %.1f kB a second".formatted(page, busy * 100, bytes / 1000));
			assertThat(busy).as("share of a CPU").isBetween(0.001, 0.6);
			assertThat(bytes).as("bytes a second").isBetween(100.0, 60_000.0);
		}
		finally {
			changes.shutdownNow();
		}
	}

	/**
	 * The time that the process of the page has had, on all of its threads.
	 */
	private static double cpuSeconds() {
		List<?> metrics = (List<?>) ((Map<?, ?>) browser.cdp("Performance.getMetrics", Map.of())).get("metrics");
		return metrics.stream()
			.map((metric) -> (Map<?, ?>) metric)
			.filter((metric) -> "ProcessTime".equals(metric.get("name")))
			.mapToDouble((metric) -> ((Number) metric.get("value")).doubleValue())
			.sum();
	}

	private static void put(Client client, int services, int instances) {
		List<CompletableFuture<?>> written = new ArrayList<>();
		List<Op> batch = new ArrayList<>();
		for (int s = 0; s < services; s++) {
			for (int i = 0; i < instances; i++) {
				batch.add(Op.put(bytes("services/service-%04d/instance-%04d".formatted(s, i)),
						bytes(value(s, i, "1.0")), PutOption.DEFAULT));
				if (batch.size() == 100) {
					written.add(client.getKVClient().txn().Then(batch.toArray(Op[]::new)).commit());
					batch.clear();
				}
			}
		}
		written.forEach(CompletableFuture::join);
	}

	private static String value(int service, int instance, String version) {
		return "{\"host\":\"10.%d.%d.%d\",\"port\":%d,\"metadata\":{\"zone\":\"z%d\",\"version\":\"%s\",\"n\":\"%d\"}}"
			.formatted(service / 250, service % 250, instance % 250, 8000 + instance / 250, instance % 3, version,
					instance);
	}

	private static ByteSequence bytes(String text) {
		return ByteSequence.from(text, StandardCharsets.UTF_8);
	}

}
