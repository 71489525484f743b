package io.github.etcddiscovery.coordination;

import java.time.Duration;
import java.util.List;

import io.github.etcddiscovery.coordination.leader.Elections;
import io.github.etcddiscovery.coordination.leader.Leadership;
import io.github.etcddiscovery.coordination.lock.EtcdLock;
import io.github.etcddiscovery.coordination.lock.LockLostException;
import io.github.etcddiscovery.coordination.lock.Locks;
import io.github.etcddiscovery.testing.EtcdExtension;
import org.awaitility.core.ConditionFactory;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.RegisterExtension;

import org.springframework.boot.Banner;
import org.springframework.boot.WebApplicationType;
import org.springframework.boot.autoconfigure.EnableAutoConfiguration;
import org.springframework.boot.builder.SpringApplicationBuilder;
import org.springframework.context.ConfigurableApplicationContext;
import org.springframework.context.annotation.Configuration;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;
import static org.awaitility.Awaitility.await;

/**
 * Beside discovery: registration, leadership and locks of a process are one lease's.
 */
class SharedLeaseIntegrationTests {

	private static final String REGISTRATION = "services/app/app-1";

	private static final String QUEUE = "coordination/leaders/billing/";

	private static final String LOCK = "coordination/locks/order/";

	@RegisterExtension
	static final EtcdExtension etcd = EtcdExtension.single();

	@Test
	@DisplayName("row L8: the lease of an application is revoked")
	void endsWithTheRegistrationAndComesBackWithIt() {
		try (ConfigurableApplicationContext app = start()) {
			Leadership leadership = app.getBean(Elections.class).campaign("billing");
			EtcdLock lock = app.getBean(Locks.class).obtain("order");
			lock.lock();
			soon().until(() -> leadership.isLeader() && isRegistered());
			long lease = etcd.admin().leaseOf(REGISTRATION);
			long token = leadership.fencingToken();
			assertThat(etcd.admin().leases()).containsExactly(lease);
			assertThat(leadership.token().orElseThrow().key()).isEqualTo(QUEUE + Long.toHexString(lease));
			assertThat(etcd.admin().keys(LOCK)).containsExactly(LOCK + Long.toHexString(lease));
			etcd.admin().revoke(lease);
			soon().until(() -> !lock.isHeld());
			soon().until(() -> leadership.isLeader() && leadership.fencingToken() > token && isRegistered());
			assertThat(etcd.admin().leases()).containsExactly(etcd.admin().leaseOf(REGISTRATION));
			assertThat(etcd.admin().keys(LOCK)).isEmpty();
			assertThatExceptionOfType(LockLostException.class).isThrownBy(lock::unlock);
			lock.lock();
		}
		assertThat(etcd.admin().keys("")).isEmpty();
		assertThat(etcd.admin().leases()).isEmpty();
	}

	@Test
	void hasALeaseOfItsOwnWhereThatIsWanted() {
		try (ConfigurableApplicationContext app = start("spring.cloud.etcd.coordination.share-lease=false")) {
			Leadership leadership = app.getBean(Elections.class).campaign("billing");
			soon().until(() -> leadership.isLeader() && isRegistered());
			long token = leadership.fencingToken();
			long lease = etcd.admin().leaseOf(REGISTRATION);
			assertThat(etcd.admin().leases()).hasSize(2);
			etcd.admin().revoke(lease);
			soon().until(() -> isRegistered() && etcd.admin().leaseOf(REGISTRATION) != lease);
			assertThat(leadership.fencingToken()).isEqualTo(token);
		}
		assertThat(etcd.admin().leases()).isEmpty();
	}

	private static boolean isRegistered() {
		return etcd.admin().keys("services/").contains(REGISTRATION);
	}

	private static ConfigurableApplicationContext start(String... properties) {
		return new SpringApplicationBuilder(Application.class).web(WebApplicationType.NONE)
			.bannerMode(Banner.Mode.OFF)
			.logStartupInfo(false)
			.properties("spring.application.name=app", "spring.cloud.etcd.endpoints=" + etcd.clientUrl(),
					"spring.cloud.etcd.discovery.instance-id=app-1", "spring.cloud.etcd.discovery.port=8080",
					"spring.cloud.etcd.discovery.ttl=5s", "spring.cloud.etcd.discovery.drain=0s",
					"spring.main.register-shutdown-hook=false")
			.properties(List.of(properties).toArray(String[]::new))
			.run();
	}

	private static ConditionFactory soon() {
		return await().pollInterval(Duration.ofMillis(20)).atMost(Duration.ofSeconds(10));
	}

	@Configuration(proxyBeanMethods = false)
	@EnableAutoConfiguration
	static class Application {

	}

}
