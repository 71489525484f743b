package io.github.etcddiscovery.config;

import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;

import io.etcd.jetcd.ByteSequence;
import io.etcd.jetcd.Client;
import io.etcd.jetcd.op.Op;
import io.etcd.jetcd.options.PutOption;
import io.github.etcddiscovery.testing.EtcdCluster;
import org.awaitility.Awaitility;
import org.awaitility.core.ConditionFactory;

import org.springframework.boot.WebApplicationType;
import org.springframework.boot.builder.SpringApplicationBuilder;
import org.springframework.context.ConfigurableApplicationContext;

/**
 * An etcd, and applications that take their configuration from it.
 */
final class ConfigEtcd implements AutoCloseable {

	private final EtcdCluster cluster = EtcdCluster.single().start();

	private Client client = Client.builder().endpoints(this.cluster.clientUrl()).build();

	EtcdCluster cluster() {
		return this.cluster;
	}

	/**
	 * Write several keys in one transaction.
	 * @return the revision
	 */
	long put(String... keysAndValues) {
		List<Op> puts = new ArrayList<>();
		for (int i = 0; i < keysAndValues.length; i += 2) {
			puts.add(Op.put(bytes(keysAndValues[i]), bytes(keysAndValues[i + 1]), PutOption.DEFAULT));
		}
		try {
			return this.client.getKVClient()
				.txn()
				.Then(puts.toArray(Op[]::new))
				.commit()
				.get(10, TimeUnit.SECONDS)
				.getHeader()
				.getRevision();
		}
		catch (Exception ex) {
			throw new IllegalStateException(ex);
		}
	}

	void clear() {
		this.cluster.reset();
	}

	/**
	 * Start an application without discovery.
	 */
	ConfigurableApplicationContext start(Class<?> application, String... arguments) {
		return builder(application, arguments).run(arguments(this.cluster.clientUrl(), arguments));
	}

	static SpringApplicationBuilder builder(Class<?> application, String... arguments) {
		return new SpringApplicationBuilder(application).web(WebApplicationType.NONE);
	}

	static String[] arguments(String url, String... arguments) {
		List<String> all = new ArrayList<>(
				List.of("--spring.cloud.etcd.endpoints=" + url, "--spring.cloud.etcd.discovery.enabled=false",
						"--spring.config.name=none", "--spring.main.banner-mode=off", "--spring.application.name=shop",
						"--spring.cloud.etcd.config.refresh.quiet-period=5ms"));
		if (List.of(arguments).stream().noneMatch((argument) -> argument.startsWith("--spring.config.import="))) {
			all.add("--spring.config.import=etcd:");
		}
		all.addAll(List.of(arguments));
		return all.toArray(String[]::new);
	}

	static ConditionFactory await() {
		return Awaitility.await().atMost(Duration.ofSeconds(20)).pollInterval(Duration.ofMillis(20));
	}

	private static ByteSequence bytes(String text) {
		return ByteSequence.from(text, StandardCharsets.UTF_8);
	}

	@Override
	public void close() {
		this.client.close();
		this.cluster.close();
	}

}
