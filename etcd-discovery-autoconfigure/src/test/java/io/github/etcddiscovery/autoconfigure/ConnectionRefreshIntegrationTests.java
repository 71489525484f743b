package io.github.etcddiscovery.autoconfigure;

import java.time.Duration;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.Callable;

import io.etcd.jetcd.ByteSequence;
import io.github.etcddiscovery.testing.EtcdExtension;
import io.github.etcddiscovery.testing.TcpProxy;
import org.awaitility.Awaitility;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.api.extension.RegisterExtension;

import org.springframework.boot.test.system.CapturedOutput;
import org.springframework.boot.test.system.OutputCaptureExtension;
import org.springframework.cloud.context.environment.EnvironmentChangeEvent;
import org.springframework.core.env.MapPropertySource;
import org.springframework.core.env.MutablePropertySources;

import static org.assertj.core.api.Assertions.assertThat;

/**
 * Connection properties that are changed while the application runs, and an etcd that
 * asks for a user only from some time on.
 */
@Timeout(120)
@ExtendWith(OutputCaptureExtension.class)
class ConnectionRefreshIntegrationTests {

	@RegisterExtension
	static final EtcdExtension etcd = EtcdExtension.single();

	private static final Duration TTL = Duration.ofSeconds(5);

	@Test
	void keepsTheLastGoodPropertiesAlsoAfterAnOutage(CapturedOutput output) {
		try (TcpProxy proxy = TcpProxy.to(etcd.clientUrl());
				GuardedApplication application = GuardedApplication
					.run(Map.of(".endpoints", proxy.url(), ".discovery.ttl", TTL.toSeconds() + "s"))) {
			GuardedApplication.await().until(() -> application.services().equals(List.of("app")));
			refresh(application, Map.of(".keep-alive-time", "1s"));
			assertThat(output.getAll().lines().filter((line) -> line.contains(" WARN "))).singleElement()
				.asString()
				.contains("'spring.cloud.etcd.keep-alive-time' cannot be '1000ms'. It must be at least 10s",
						"The last good properties of the connection to etcd stay in use");
			proxy.cut();
			GuardedApplication.await().until(() -> !application.isSynced());
			stays(TTL, () -> application.services().equals(List.of("app")));
			proxy.heal();
			assertAllIsRight(application);
		}
	}

	@Test
	void usesOtherEndpointsFromTheRefreshOn() {
		try (TcpProxy one = TcpProxy.to(etcd.clientUrl());
				TcpProxy other = TcpProxy.to(etcd.clientUrl());
				GuardedApplication application = GuardedApplication
					.run(Map.of(".endpoints", one.url(), ".discovery.ttl", TTL.toSeconds() + "s"))) {
			GuardedApplication.await().until(() -> application.services().equals(List.of("app")));
			long lease = etcd.admin().leaseOf(key());
			refresh(application, Map.of(".endpoints", other.url()));
			GuardedApplication.await().until(() -> other.connections() > 0);
			one.cut();
			assertAllIsRight(application);
			assertThat(etcd.admin().leaseOf(key())).isEqualTo(lease);
		}
	}

	@Test
	void credentialsMayBeConfiguredBeforeEtcdAsksForThem(CapturedOutput output) {
		try (GuardedApplication application = GuardedApplication.run(Map.of(".endpoints", etcd.clientUrl(),
				".discovery.ttl", TTL.toSeconds() + "s", ".username", "root", ".password", "root"))) {
			GuardedApplication.await().until(() -> application.services().equals(List.of("app")));
			long lease = etcd.admin().leaseOf(key());
			etcd.admin().enableAuth();
			assertAllIsRight(application);
			etcd.admin().disableAuth();
			assertAllIsRight(application);
			etcd.admin().useAuthAgain();
			assertAllIsRight(application);
			assertThat(etcd.admin().leaseOf(key())).isEqualTo(lease);
		}
		assertThat(output.getAll().lines().filter((line) -> line.contains("etcd has authentication switched off")))
			.isNotEmpty()
			.hasSizeLessThan(3);
	}

	@Test
	void userAndPasswordMayComeByARefresh() {
		try (GuardedApplication application = GuardedApplication
			.run(Map.of(".endpoints", etcd.clientUrl(), ".discovery.ttl", TTL.toSeconds() + "s"))) {
			GuardedApplication.await().until(() -> application.services().equals(List.of("app")));
			etcd.admin().enableAuth();
			refresh(application, Map.of(".username", "root", ".password", "root"));
			assertAllIsRight(application);
			assertThat(application.client().getKVClient().get(ByteSequence.from("a".getBytes())))
				.succeedsWithin(Duration.ofSeconds(20));
		}
	}

	/**
	 * The application is registered, keeps its lease, and sees what others change.
	 */
	private static void assertAllIsRight(GuardedApplication application) {
		etcd.admin().put("services/other", "http://10.0.0.1:" + (System.nanoTime() >>> 1) % 60_000);
		String url = String.valueOf(etcd.admin().get("services/other"));
		GuardedApplication.await().until(() -> application.urls("other").equals(List.of(url)));
		stays(TTL, () -> application.urls("other").equals(List.of(url)));
		GuardedApplication.await()
			.ignoreExceptions()
			.until(() -> etcd.admin().timeToLive(etcd.admin().leaseOf(key())) > 0);
		GuardedApplication.await().until(application::isSynced);
	}

	private static String key() {
		return etcd.admin().keys("services/app/").get(0);
	}

	private static void refresh(GuardedApplication application, Map<String, String> properties) {
		Map<String, Object> all = new HashMap<>();
		properties.forEach((name, value) -> all.put("spring.cloud.etcd" + name, value));
		MutablePropertySources sources = application.context().getEnvironment().getPropertySources();
		sources.addFirst(new MapPropertySource("refreshed", all));
		application.context().publishEvent(new EnvironmentChangeEvent(application.context(), all.keySet()));
	}

	private static void stays(Duration time, Callable<Boolean> condition) {
		Awaitility.await().during(time).atMost(time.plusSeconds(20)).until(condition);
	}

}
