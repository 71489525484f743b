package io.github.etcddiscovery.coordination;

import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpRequest.BodyPublishers;
import java.net.http.HttpResponse.BodyHandlers;
import java.time.Duration;
import java.time.Instant;
import java.util.ConcurrentModificationException;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.CountDownLatch;

import io.github.etcddiscovery.autoconfigure.EtcdClientAutoConfiguration;
import io.github.etcddiscovery.coordination.actuate.EtcdLeadershipEndpoint;
import io.github.etcddiscovery.coordination.actuate.EtcdLeadershipEndpoint.RoleDescriptor;
import io.github.etcddiscovery.coordination.actuate.LeadershipInfoContributor;
import io.github.etcddiscovery.coordination.autoconfigure.EtcdCoordinationIntegrationAutoConfiguration;
import io.github.etcddiscovery.coordination.autoconfigure.EtcdCoordinationMetricsAutoConfiguration;
import io.github.etcddiscovery.coordination.autoconfigure.EtcdLeadershipEndpointAutoConfiguration;
import io.github.etcddiscovery.coordination.autoconfigure.EtcdShedLockAutoConfiguration;
import io.github.etcddiscovery.coordination.integration.EtcdLockRegistry;
import io.github.etcddiscovery.coordination.leader.Elections;
import io.github.etcddiscovery.coordination.leader.Leadership;
import io.github.etcddiscovery.coordination.shedlock.EtcdShedLockProvider;
import io.github.etcddiscovery.testing.EtcdExtension;
import io.micrometer.core.instrument.MeterRegistry;
import io.micrometer.core.instrument.simple.SimpleMeterRegistry;
import net.javacrumbs.shedlock.core.LockConfiguration;
import net.javacrumbs.shedlock.core.SimpleLock;
import org.awaitility.core.ConditionFactory;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.RegisterExtension;

import org.springframework.boot.Banner;
import org.springframework.boot.actuate.info.Info;
import org.springframework.boot.autoconfigure.EnableAutoConfiguration;
import org.springframework.boot.autoconfigure.ImportAutoConfiguration;
import org.springframework.boot.builder.SpringApplicationBuilder;
import org.springframework.context.ConfigurableApplicationContext;
import org.springframework.context.SmartLifecycle;
import org.springframework.context.annotation.Bean;
import org.springframework.context.annotation.Configuration;
import org.springframework.context.event.EventListener;
import org.springframework.integration.leader.Context;
import org.springframework.integration.leader.DefaultCandidate;
import org.springframework.integration.leader.event.AbstractLeaderEvent;
import org.springframework.integration.leader.event.OnGrantedEvent;
import org.springframework.integration.leader.event.OnRevokedEvent;
import org.springframework.integration.support.SmartLifecycleRoleController;
import org.springframework.integration.support.locks.DistributedLock;
import org.springframework.util.LinkedMultiValueMap;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;
import static org.awaitility.Awaitility.await;

/**
 * Leaders and locks in the words of Spring Integration, ShedLock and the actuator.
 */
class FacadesIntegrationTests {

	@RegisterExtension
	static final EtcdExtension etcd = EtcdExtension.single();

	private App app;

	@BeforeEach
	void start() {
		this.app = App.start("one", etcd.clientUrl(), List.of(Everything.class),
				"management.endpoints.web.exposure.include=*", "management.info.etcd.enabled=true");
	}

	@AfterEach
	void stop() {
		this.app.close();
	}

	@Test
	void callsACandidateAndStartsTheBeansOfItsRole() {
		Everything.Witness witness = this.app.get(Everything.Witness.class);
		soon().until(() -> witness.candidate.equals(List.of("granted")) && witness.isRunning());
		assertThat(witness.events.get(0)).isInstanceOf(OnGrantedEvent.class);
		assertThat(witness.events.get(0).getContext().isLeader()).isTrue();
		witness.events.get(0).getContext().yield();
		soon().until(() -> witness.candidate.equals(List.of("granted", "revoked", "granted")) && witness.isRunning());
		assertThat(witness.events.get(1)).isInstanceOf(OnRevokedEvent.class);
		assertThat(witness.stops).isEqualTo(1);
	}

	/**
	 * As its contract allows: its thread is interrupted when the leadership ends.
	 */
	@Test
	void interruptsACandidateThatWorksInItsThread() {
		Everything.Witness witness = this.app.get(Everything.Witness.class);
		soon().until(() -> witness.worker.equals(List.of("granted")));
		long yieldedAt = System.nanoTime();
		this.app.campaign("worker").yield().join();
		assertThat(Duration.ofNanos(System.nanoTime() - yieldedAt)).as("does not wait for the time-out")
			.isLessThan(Duration.ofSeconds(5));
		soon().until(() -> witness.worker.equals(List.of("granted", "interrupted", "revoked", "granted")));
	}

	@Test
	void isALockRegistryOfSpringIntegration() throws Exception {
		EtcdLockRegistry registry = this.app.get(EtcdLockRegistry.class);
		DistributedLock lock = registry.obtain("x");
		assertThat(lock.tryLock(Duration.ofSeconds(5), Duration.ofSeconds(30))).isTrue();
		registry.renewLock("x", Duration.ofSeconds(60));
		registry.renewLock("x");
		lock.unlock();
		assertThat(registry.executeLocked("x", () -> "done")).isEqualTo("done");
		lock.lock(Duration.ofMillis(100));
		soon().until(() -> etcd.admin().keys("coordination/locks/x/").isEmpty());
		assertThatExceptionOfType(ConcurrentModificationException.class).isThrownBy(lock::unlock);
		assertThatExceptionOfType(IllegalMonitorStateException.class).isThrownBy(() -> registry.renewLock("x"));
		registry.expireUnusedOlderThan(0);
	}

	@Test
	void isALockProviderOfShedLock() {
		EtcdShedLockProvider provider = this.app.get(EtcdShedLockProvider.class);
		SimpleLock first = provider.lock(shedLock(Duration.ofSeconds(30), Duration.ZERO)).orElseThrow();
		assertThat(provider.lock(shedLock(Duration.ofSeconds(30), Duration.ZERO))).isEmpty();
		SimpleLock extended = first.extend(Duration.ofSeconds(60), Duration.ZERO).orElseThrow();
		assertThat(etcd.admin().timeToLive(etcd.admin().leaseOf("coordination/shedlock/job"))).isGreaterThan(30);
		extended.unlock();
		assertThat(etcd.admin().keys("coordination/shedlock/")).isEmpty();
		SimpleLock atLeast = provider.lock(shedLock(Duration.ofSeconds(30), Duration.ofSeconds(20))).orElseThrow();
		atLeast.unlock();
		assertThat(provider.lock(shedLock(Duration.ofSeconds(30), Duration.ZERO))).isEmpty();
		assertThat(etcd.admin().timeToLive(etcd.admin().leaseOf("coordination/shedlock/job"))).isBetween(1L, 20L);
		etcd.admin().revoke(etcd.admin().leaseOf("coordination/shedlock/job"));
		SimpleLock short1 = provider.lock(shedLock(Duration.ofSeconds(1), Duration.ZERO)).orElseThrow();
		soon().until(() -> etcd.admin().keys("coordination/shedlock/").isEmpty());
		assertThat(short1.extend(Duration.ofSeconds(5), Duration.ZERO)).as("it has ended").isEmpty();
		soon().until(() -> etcd.admin().leases().size() <= 1);
	}

	private static LockConfiguration shedLock(Duration atMost, Duration atLeast) {
		return new LockConfiguration(Instant.now(), "job", atMost, atLeast);
	}

	@Test
	void isSeenByTheActuator() {
		EtcdLeadershipEndpoint endpoint = this.app.get(EtcdLeadershipEndpoint.class);
		soon().until(() -> this.app.campaign("integration").isLeader());
		RoleDescriptor role = endpoint.leadership().roles().get("integration");
		long token = this.app.campaign("integration").fencingToken();
		assertThat(role.leading()).isTrue();
		assertThat(role.leader()).isEqualTo("one");
		assertThat(role.token()).isEqualTo(token);
		assertThat(role.since()).isBetween(Instant.now().minusSeconds(60), Instant.now());
		assertThat(role.validFor()).isPositive();
		assertThat(role.queue()).isEmpty();
		App two = App.start("two", etcd.clientUrl());
		try {
			two.campaign("integration");
			soon().until(() -> endpoint.role("integration").queue().equals(List.of("two")));
			endpoint.change("integration", null);
			soon().until(() -> "two".equals(endpoint.role("integration").leader()));
			assertThat(endpoint.role("integration").leading()).isFalse();
			assertThat(endpoint.change("other", null)).isNull();
			assertThat(endpoint.change("integration", "one").pin()).isEqualTo("one");
			soon().until(() -> endpoint.role("integration").leading());
			assertThat(endpoint.role("integration").queue()).isEmpty();
			assertThat(endpoint.unpin("integration").pin()).isNull();
			soon().until(() -> endpoint.role("integration").queue().equals(List.of("two")));
		}
		finally {
			two.close();
		}
		soon().until(() -> this.app.campaign("integration").isLeader());
		MeterRegistry meters = this.app.get(MeterRegistry.class);
		assertThat(meters.get("etcd.leader.status").tag("role", "integration").gauge().value()).isEqualTo(1);
		soon().until(() -> meters.get("etcd.leader.changes").tag("role", "integration").counter().count() >= 3);
		this.app.locks().obtain("x").lock();
		assertThat(meters.get("etcd.lock.wait").timer().count()).isEqualTo(1);
		assertThat(meters.get("etcd.lock.holding").gauge().value()).isEqualTo(1);
		this.app.locks().obtain("x").unlock();
		assertThat(meters.get("etcd.lock.held").timer().count()).isEqualTo(1);
		Info.Builder info = new Info.Builder();
		this.app.get(LeadershipInfoContributor.class).contribute(info);
		assertThat(info.build().getDetails()).containsEntry("etcdLeadership", Map.of("id", "one", "roles",
				Map.of("integration", Map.of("leader", true), "worker", Map.of("leader", true))));
	}

	@Test
	void isOperatedByHttp() throws Exception {
		try (ConfigurableApplicationContext web = new SpringApplicationBuilder(Web.class).bannerMode(Banner.Mode.OFF)
			.properties("server.port=0", "server.address=127.0.0.1", "spring.application.name=web",
					"spring.cloud.discovery.enabled=false", "spring.cloud.etcd.endpoints=" + etcd.clientUrl(),
					"spring.cloud.etcd.coordination.id=web-1", "spring.cloud.etcd.leader.roles.mail.enabled=true",
					"management.endpoints.web.exposure.include=*", "management.endpoint.health.show-details=always",
					"spring.main.register-shutdown-hook=false")
			.run()) {
			Leadership mail = web.getBean(Elections.class).campaign("mail");
			soon().until(mail::isLeader);
			long token = mail.fencingToken();
			URI actuator = URI.create(
					"http://127.0.0.1:%s/actuator/".formatted(web.getEnvironment().getProperty("local.server.port")));
			assertThat(ask(actuator, "GET", "etcdleadership", "")).contains("\"id\":\"web-1\"", "\"leader\":\"web-1\"",
					"\"token\":" + token, "\"queue\":[]");
			assertThat(ask(actuator, "GET", "health/etcdCoordination", "")).contains("\"status\":\"UP\"",
					"\"mail\":\"LEADER\"", "ALIVE ");
			ask(actuator, "POST", "etcdleadership/mail", "");
			soon().until(() -> mail.isLeader() && mail.fencingToken() > token);
			assertThat(ask(actuator, "POST", "etcdleadership/mail", "{\"pin\":\"web-2\"}"))
				.contains("\"pin\":\"web-2\"");
			soon().until(() -> !mail.isLeader());
			assertThat(ask(actuator, "DELETE", "etcdleadership/mail", "")).contains("\"leading\":");
			soon().until(mail::isLeader);
		}
	}

	private static String ask(URI actuator, String method, String path, String body) throws Exception {
		HttpRequest request = HttpRequest.newBuilder(actuator.resolve(path))
			.method(method, BodyPublishers.ofString(body))
			.header("Content-Type", "application/json")
			.build();
		return HttpClient.newHttpClient().send(request, BodyHandlers.ofString()).body();
	}

	private static ConditionFactory soon() {
		return await().pollInterval(Duration.ofMillis(20)).atMost(Duration.ofSeconds(10));
	}

	@Configuration(proxyBeanMethods = false)
	@EnableAutoConfiguration
	static class Web {

	}

	@Configuration(proxyBeanMethods = false)
	@ImportAutoConfiguration({ EtcdClientAutoConfiguration.class, EtcdCoordinationIntegrationAutoConfiguration.class,
			EtcdShedLockAutoConfiguration.class, EtcdLeadershipEndpointAutoConfiguration.class,
			EtcdCoordinationMetricsAutoConfiguration.class })
	static class Everything {

		@Bean
		MeterRegistry meters() {
			return new SimpleMeterRegistry();
		}

		@Bean
		Witness witness() {
			return new Witness();
		}

		@Bean
		DefaultCandidate candidate(Witness witness) {
			return new DefaultCandidate("one", "integration") {

				@Override
				public void onGranted(Context context) {
					witness.candidate.add("granted");
				}

				@Override
				public void onRevoked(Context context) {
					witness.candidate.add("revoked");
				}

			};
		}

		@Bean
		DefaultCandidate worker(Witness witness) {
			return new DefaultCandidate("one", "worker") {

				@Override
				public void onGranted(Context context) {
					witness.worker.add("granted");
					try {
						new CountDownLatch(1).await();
					}
					catch (InterruptedException ex) {
						witness.worker.add("interrupted");
					}
				}

				@Override
				public void onRevoked(Context context) {
					witness.worker.add("revoked");
				}

			};
		}

		@Bean
		SmartLifecycleRoleController roles(Witness witness) {
			LinkedMultiValueMap<String, SmartLifecycle> roles = new LinkedMultiValueMap<>();
			roles.add("integration", witness);
			return new SmartLifecycleRoleController(roles);
		}

		static class Witness implements SmartLifecycle {

			private final List<String> candidate = new CopyOnWriteArrayList<>();

			private final List<String> worker = new CopyOnWriteArrayList<>();

			private final List<AbstractLeaderEvent> events = new CopyOnWriteArrayList<>();

			private volatile boolean running;

			private volatile int stops;

			@EventListener
			void event(AbstractLeaderEvent event) {
				if (event.getRole().equals("integration")) {
					this.events.add(event);
				}
			}

			@Override
			public void start() {
				this.running = true;
			}

			@Override
			public void stop() {
				this.running = false;
				this.stops++;
			}

			@Override
			public boolean isRunning() {
				return this.running;
			}

			@Override
			public boolean isAutoStartup() {
				return false;
			}

		}

	}

}
