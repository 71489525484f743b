package io.github.etcddiscovery.autoconfigure;

import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.CountDownLatch;

import io.github.etcddiscovery.discovery.ServiceInstancesChangedEvent;
import io.github.etcddiscovery.registry.EtcdRegistrationEvent;
import io.github.etcddiscovery.registry.RegistrationChange.Type;
import io.github.etcddiscovery.testing.EtcdExtension;
import org.awaitility.Awaitility;
import org.awaitility.core.ConditionFactory;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.extension.RegisterExtension;

import org.springframework.boot.Banner;
import org.springframework.boot.SpringApplication;
import org.springframework.boot.WebApplicationType;
import org.springframework.boot.autoconfigure.EnableAutoConfiguration;
import org.springframework.cloud.client.discovery.DiscoveryClient;
import org.springframework.context.ConfigurableApplicationContext;
import org.springframework.context.annotation.Configuration;
import org.springframework.context.event.EventListener;

import static org.assertj.core.api.Assertions.assertThat;

/**
 * An application's listener that blocks holds up the events behind it, and nothing else.
 * It blocks for three times to live, or for as many seconds as {@code -Dblock.seconds=60}
 * says.
 */
@Timeout(180)
class SlowListenerIntegrationTests {

	private static final Duration TTL = Duration.ofSeconds(2);

	private static final Duration BLOCKED = Duration
		.ofSeconds(Long.getLong("block.seconds", TTL.multipliedBy(3).toSeconds()));

	@RegisterExtension
	static final EtcdExtension etcd = EtcdExtension.single();

	@Test
	@DisplayName("row 48: a listener blocks for long")
	void renewalsAndLookUpsGoOnWhileAListenerBlocks() {
		try (ConfigurableApplicationContext context = run()) {
			Listener listener = context.getBean(Listener.class);
			DiscoveryClient client = context.getBean(DiscoveryClient.class);
			await().until(() -> etcd.admin().get("services/app/1") != null);
			long lease = etcd.admin().leaseOf("services/app/1");
			etcd.admin().put("services/blocking/1", "http://127.0.0.1:1");
			await().until(() -> listener.isBlocked());
			long blockedAt = System.nanoTime();
			for (int i = 1; System.nanoTime() - blockedAt < BLOCKED.toNanos(); i++) {
				int port = 1 + i % 60_000;
				etcd.admin().put("services/other/1", "http://127.0.0.1:" + port);
				await().until(() -> client.getInstances("other").stream().anyMatch((other) -> other.getPort() == port));
				assertThat(etcd.admin().leaseOf("services/app/1")).isEqualTo(lease);
			}
			assertThat(listener.told).doesNotContain("other");
			listener.released.countDown();
			await().until(() -> listener.told.contains("other"));
			assertThat(listener.changes).containsExactly(Type.REGISTERED);
		}
	}

	private static ConfigurableApplicationContext run() {
		SpringApplication application = new SpringApplication(Application.class, Listener.class);
		application.setWebApplicationType(WebApplicationType.NONE);
		application.setBannerMode(Banner.Mode.OFF);
		application.setDefaultProperties(Map.of("spring.application.name", "app", "spring.cloud.etcd.endpoints",
				etcd.clientUrl(), "spring.cloud.etcd.discovery.port", "8080", "spring.cloud.etcd.discovery.drain", "0s",
				"spring.cloud.etcd.discovery.ttl", TTL, "spring.cloud.etcd.discovery.instance-id", "1"));
		return application.run();
	}

	/**
	 * Patient, since a build shares its machine.
	 */
	private static ConditionFactory await() {
		return Awaitility.await().atMost(Duration.ofSeconds(30)).pollInterval(Duration.ofMillis(20));
	}

	@Configuration(proxyBeanMethods = false)
	@EnableAutoConfiguration
	static class Application {

	}

	/**
	 * Blocks at the service that tells it to.
	 */
	static class Listener {

		private final List<String> told = new CopyOnWriteArrayList<>();

		private final List<Type> changes = new CopyOnWriteArrayList<>();

		private final CountDownLatch released = new CountDownLatch(1);

		boolean isBlocked() {
			return this.told.contains("blocking");
		}

		@EventListener
		void onChange(ServiceInstancesChangedEvent event) throws InterruptedException {
			this.told.add(event.getServiceId());
			if (event.getServiceId().equals("blocking")) {
				this.released.await();
			}
		}

		@EventListener
		void onRegistration(EtcdRegistrationEvent event) {
			this.changes.add(event.getChange().type());
		}

	}

}
