package io.github.etcddiscovery.benchmarks;

import java.io.PrintStream;
import java.util.Arrays;
import java.util.Locale;

import io.github.etcddiscovery.testing.EtcdCluster;

import org.springframework.boot.Banner;
import org.springframework.boot.SpringBootConfiguration;
import org.springframework.boot.WebApplicationType;
import org.springframework.boot.autoconfigure.EnableAutoConfiguration;
import org.springframework.boot.builder.SpringApplicationBuilder;
import org.springframework.cloud.client.discovery.DiscoveryClient;
import org.springframework.context.ConfigurableApplicationContext;

/**
 * How long it takes from the moment a write is begun until the {@link DiscoveryClient} of
 * an application answers with it, on a real etcd.
 */
@SpringBootConfiguration(proxyBeanMethods = false)
@EnableAutoConfiguration
public class Propagation {

	private static final PrintStream out = System.out;

	private static final int WARM_UP = 500;

	private static final int WRITES = 2_000;

	/**
	 * Measure and print.
	 * @param args none
	 */
	public static void main(String[] args) {
		Locale.setDefault(Locale.ROOT);
		try (EtcdCluster etcd = EtcdCluster.single().start();
				ConfigurableApplicationContext context = new SpringApplicationBuilder(Propagation.class)
					.web(WebApplicationType.NONE)
					.bannerMode(Banner.Mode.OFF)
					.run("--spring.application.name=propagation", "--logging.level.root=error",
							"--spring.main.log-startup-info=false",
							"--spring.cloud.etcd.endpoints=" + etcd.clientUrl())) {
			DiscoveryClient client = context.getBean(DiscoveryClient.class);
			long[] micros = new long[WRITES];
			for (int i = -WARM_UP; i < WRITES; i++) {
				long taken = write(etcd, client, 1 + Math.floorMod(i, 60_000));
				if (i >= 0) {
					micros[i] = taken / 1_000;
				}
			}
			Arrays.sort(micros);
			out.printf("%d writes, from the begin of the write until getInstances has it: p50 %.2f ms, p99 %.2f ms, "
					+ "longest %.2f ms%n", WRITES, at(micros, 0.5), at(micros, 0.99), at(micros, 1));
		}
		System.exit(0);
	}

	private static long write(EtcdCluster etcd, DiscoveryClient client, int port) {
		long begun = System.nanoTime();
		etcd.admin().put("services/orders/one", "http://127.0.0.1:" + port);
		while (client.getInstances("orders").stream().noneMatch((instance) -> instance.getPort() == port)) {
			Thread.onSpinWait();
		}
		return System.nanoTime() - begun;
	}

	private static double at(long[] sorted, double quantile) {
		return sorted[(int) Math.ceil(quantile * (sorted.length - 1))] / 1000.0;
	}

}
