package io.github.etcddiscovery.console;

import java.time.Clock;
import java.time.Duration;

import io.github.etcddiscovery.autoconfigure.EtcdClientAutoConfiguration;
import io.github.etcddiscovery.autoconfigure.EtcdDiscoveryAutoConfiguration;
import io.github.etcddiscovery.client.EtcdConnection;
import io.github.etcddiscovery.client.JetcdLeaseStore;
import io.github.etcddiscovery.discovery.ServiceCatalog;
import io.github.etcddiscovery.instance.InstanceStatus;
import io.github.etcddiscovery.testing.EtcdExtension;
import org.awaitility.Awaitility;
import org.awaitility.core.ConditionFactory;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.extension.RegisterExtension;

import org.springframework.boot.autoconfigure.AutoConfigurations;
import org.springframework.boot.test.context.runner.ApplicationContextRunner;
import org.springframework.context.ApplicationContext;

import static org.assertj.core.api.Assertions.assertThat;

/**
 * An override ends in time, whatever becomes of those who have to do with it.
 */
@Timeout(120)
class OverrideFaultsIntegrationTests {

	private static final String KEY = "overrides/orders/a";

	private static final Duration TIME = Duration.ofSeconds(5);

	@RegisterExtension
	static final EtcdExtension etcd = EtcdExtension.single();

	private final ApplicationContextRunner runner = new ApplicationContextRunner()
		.withConfiguration(
				AutoConfigurations.of(EtcdClientAutoConfiguration.class, EtcdDiscoveryAutoConfiguration.class))
		.withPropertyValues("spring.cloud.etcd.endpoints=" + etcd.clientUrl());

	/**
	 * Row V1: the console dies right after it has written an override.
	 */
	@Test
	void endsThoughTheConsoleHasDiedRightAfterWriting() {
		etcd.admin().put("services/orders/a", "h:1");
		this.runner.run((observer) -> {
			ServiceCatalog catalog = observer.getBean(ServiceCatalog.class);
			await().until(() -> catalog.instances("orders").size() == 1);
			this.runner.run(OverrideFaultsIntegrationTests::override);
			await().until(() -> catalog.instances("orders").isEmpty());
			long begin = System.nanoTime();
			await().until(() -> catalog.instances("orders").size() == 1);
			assertThat(Duration.ofNanos(System.nanoTime() - begin)).isLessThan(TIME.plusSeconds(2));
			// etcd looks for leases that have ended now and then
			await().until(() -> etcd.admin().get(KEY) == null);
		});
	}

	/**
	 * Row V2: etcd is away when an override ends.
	 */
	@Test
	void endsWhileEtcdIsAway() {
		etcd.admin().put("services/orders/a", "h:1");
		this.runner.run((observer) -> {
			ServiceCatalog catalog = observer.getBean(ServiceCatalog.class);
			await().until(() -> catalog.instances("orders").size() == 1);
			override(observer);
			await().until(() -> catalog.instances("orders").isEmpty());
			etcd.cluster().pause();
			try {
				long begin = System.nanoTime();
				await().until(() -> catalog.instances("orders").size() == 1);
				assertThat(Duration.ofNanos(System.nanoTime() - begin)).isLessThan(TIME.plusSeconds(2));
			}
			finally {
				etcd.cluster().resume();
			}
		});
	}

	private static void override(ApplicationContext console) {
		ServiceCatalog catalog = console.getBean(ServiceCatalog.class);
		await().until(() -> catalog.instances("orders").size() == 1);
		new OverrideWriter("overrides", catalog,
				new JetcdLeaseStore(console.getBean(EtcdConnection.class), OverrideWriter.LONGEST), Clock.systemUTC())
			.override("orders", "a", InstanceStatus.OUT_OF_SERVICE, null, TIME, "alice");
	}

	private static ConditionFactory await() {
		return Awaitility.await().atMost(Duration.ofSeconds(30)).pollInterval(Duration.ofMillis(20));
	}

}
