package io.github.etcddiscovery.autoconfigure;

import java.nio.file.Path;
import java.util.HashMap;
import java.util.List;
import java.util.Map;

import io.github.etcddiscovery.registry.RegistrationFailedException;
import io.github.etcddiscovery.testing.EtcdExtension;
import io.github.etcddiscovery.testing.TcpProxy;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.api.extension.RegisterExtension;

import org.springframework.boot.test.system.CapturedOutput;
import org.springframework.boot.test.system.OutputCaptureExtension;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;

/**
 * Users with no more than the roles that {@code script/etcd-roles} creates, and what
 * happens when such a role is taken away.
 */
@Timeout(120)
@ExtendWith(OutputCaptureExtension.class)
class LeastPrivilegeIntegrationTests {

	private static final Path SCRIPT = Path.of("..", "script", "etcd-roles");

	private static final Map<String, String> WITH_MANAGEMENT_PORT = Map.of("management.server.port", "0", "server.port",
			"0", ".discovery.port", "", ".discovery.watch-scope", "service", "spring.main.web-application-type",
			"servlet", "server.address", "127.0.0.1", "management.server.address", "127.0.0.1");

	@RegisterExtension
	static final EtcdExtension etcd = EtcdExtension.single();

	@BeforeEach
	void createRolesAndUsers() {
		etcd.admin().addUser("provider", "pw");
		etcd.admin().addUser("both", "pw");
		etcd.admin().addUser("narrow", "pw");
		etcd.admin().enableAuth();
		String provider = etcd.admin().run(SCRIPT, "provider", "app");
		String consumer = etcd.admin().run(SCRIPT, "consumer");
		grant("provider", provider);
		grant("both", provider, consumer, etcd.admin().run(SCRIPT, "caller", "app"));
		grant("narrow", provider, etcd.admin().run(SCRIPT, "consumer", "orders"));
		etcd.admin().put("services/orders/1", json("orders", "1", 1));
		etcd.admin().put("services/secret/1", json("secret", "1", 1));
	}

	@Test
	void everythingPassesForOneWhoProvidesOneServiceAndReadsAll(CapturedOutput output) {
		try (GuardedApplication application = run("both",
				Map.of(".discovery.audit-interval", "1s", ".discovery.announce-calls", "true"))) {
			GuardedApplication.await().until(() -> application.services().equals(List.of("app", "orders", "secret")));
			recoversFromWhatHappensToItsKey();
			etcd.admin().put("services/orders/2", json("orders", "2", 2));
			GuardedApplication.await().until(() -> application.urls("orders").size() == 2);
			GuardedApplication.await()
				.until(() -> etcd.admin().values("consumers/app/").containsValue("{\"calls\":[\"orders\"]}"));
		}
		assertThat(etcd.admin().keys("consumers/")).isEmpty();
		assertThat(etcd.admin().keys("services/app")).isEmpty();
		assertThat(etcd.admin().leases()).isEmpty();
		assertThat(output).doesNotContain("denied");
	}

	@Test
	void everythingPassesForOneWhoReadsNoMoreThanItCalls(CapturedOutput output) {
		try (GuardedApplication application = run("narrow", Map.of(".discovery.watch-scope", "service"))) {
			GuardedApplication.await().until(() -> application.urls("orders").equals(List.of("http://10.0.0.1:1")));
			GuardedApplication.await().until(() -> etcd.admin().keys("services/app/").size() == 1);
			recoversFromWhatHappensToItsKey();
			etcd.admin().put("services/orders/2", json("orders", "2", 2));
			GuardedApplication.await().until(() -> application.urls("orders").size() == 2);
			assertThat(output).doesNotContain("denied");
			assertThat(application.urls("secret")).isEmpty();
			assertThat(output).contains("Cannot follow 'services/secret");
		}
		assertThat(etcd.admin().keys("services/app")).isEmpty();
	}

	/**
	 * Row V3 as well: a provider may not read overrides.
	 */
	@Test
	void providerMayRegisterItsManagementPort(CapturedOutput output) {
		try (GuardedApplication application = run("provider", WITH_MANAGEMENT_PORT)) {
			GuardedApplication.await().until(() -> etcd.admin().keys("services/app-management/").size() == 1);
			assertThat(etcd.admin().keys("services/app/")).hasSize(1);
			assertThat(application.context().isRunning()).isTrue();
			GuardedApplication.await()
				.until(() -> output.getAll().contains("Overrides of operators have no effect here"));
		}
		assertThat(etcd.admin().keys("services/app")).isEmpty();
		assertThat(output).doesNotContain("denied");
	}

	@Test
	void saysGoodbyeForTheApplicationWhenItsManagementPortIsRefused() {
		etcd.admin().addUser("main", "pw");
		etcd.admin().addRole("main");
		etcd.admin().grantReadWrite("main", "services/app/");
		grant("main", "main");
		Map<String, String> properties = new HashMap<>(WITH_MANAGEMENT_PORT);
		properties.put(".discovery.fail-fast", "true");
		assertThatExceptionOfType(RegistrationFailedException.class).isThrownBy(() -> run("main", properties))
			.withMessageContaining("app-management")
			.withMessageContaining("permission denied");
		assertThat(etcd.admin().keys("services/app")).isEmpty();
		long deleted = etcd.admin().revision();
		assertThat(etcd.admin().etcdctl("get", "--prefix", "services/app/", "--rev=" + (deleted - 1)))
			.as("the last that others saw")
			.contains("\"status\":\"OUT_OF_SERVICE\"");
	}

	@Test
	void providerMayWriteItsOwnKeysOnly(CapturedOutput output) {
		etcd.admin().put("services/app-archive/1", json("app-archive", "1", 1));
		try (GuardedApplication application = run("provider",
				Map.of(".discovery.service-name", "app-archive", ".discovery.watch-scope", "service"))) {
			GuardedApplication.await().until(() -> output.getAll().contains("Cannot write 'services/app-archive/"));
			assertThat(output).contains("permission denied. Grant the etcd user");
			assertThat(etcd.admin().keys("services/app-archive/")).hasSize(1);
			assertThat(application.context().isRunning()).isTrue();
		}
	}

	@Test
	void servesOnWhileItMayNotReadAndRecovers(CapturedOutput output) {
		try (TcpProxy proxy = TcpProxy.to(etcd.clientUrl());
				GuardedApplication application = run("both", Map.of(".endpoints", proxy.url()))) {
			GuardedApplication.await().until(() -> application.services().equals(List.of("app", "orders", "secret")));
			etcd.admin().etcdctl("user", "revoke-role", "both", "consumer");
			// etcd asks for the permission when a watch begins
			proxy.cutConnections();
			GuardedApplication.await().until(() -> output.getAll().contains("refused: permission denied"));
			assertThat(application.isSynced()).isFalse();
			assertThat(application.services()).containsExactly("app", "orders", "secret");
			long tries = application.relists();
			GuardedApplication.await().until(() -> application.relists() == tries + 1);
			assertThat(application.urls("orders")).hasSize(1);
			grant("both", "consumer");
			GuardedApplication.await().until(application::isSynced);
		}
		assertThat(output).contains("Grant the etcd user of 'spring.cloud.etcd.username' the permission");
	}

	@Test
	void servesOnWhileItMayNotWriteAndRegistersAgain(CapturedOutput output) {
		try (GuardedApplication application = run("both", Map.of())) {
			GuardedApplication.await().until(() -> application.services().equals(List.of("app", "orders", "secret")));
			etcd.admin().etcdctl("user", "revoke-role", "both", "provider-app");
			etcd.admin().deletePrefix("services/app/");
			GuardedApplication.await().until(() -> output.getAll().contains("Cannot write 'services/app/"));
			assertThat(application.isSynced()).isTrue();
			etcd.admin().put("services/orders/2", json("orders", "2", 2));
			GuardedApplication.await().until(() -> application.urls("orders").size() == 2);
			grant("both", "provider-app");
			GuardedApplication.await().until(() -> etcd.admin().keys("services/app/").size() == 1);
		}
		assertThat(etcd.admin().keys("services/app/")).isEmpty();
	}

	private static void recoversFromWhatHappensToItsKey() {
		String key = etcd.admin().keys("services/app/").get(0);
		long lease = etcd.admin().leaseOf(key);
		etcd.admin().delete(key);
		GuardedApplication.await().until(() -> etcd.admin().keys("services/app/").equals(List.of(key)));
		etcd.admin().put(key, "overwritten");
		GuardedApplication.await().until(() -> etcd.admin().leaseOf(key) == lease);
		etcd.admin().revoke(lease);
		GuardedApplication.await().until(() -> etcd.admin().keys("services/app/").equals(List.of(key)));
	}

	private static void grant(String user, String... roles) {
		for (String role : roles) {
			etcd.admin().etcdctl("user", "grant-role", user, role);
		}
	}

	private static String json(String service, String id, int port) {
		return "{\"service\":\"%s\",\"id\":\"%s\",\"host\":\"10.0.0.1\",\"port\":%d}".formatted(service, id, port);
	}

	private static GuardedApplication run(String user, Map<String, String> properties) {
		Map<String, String> all = new HashMap<>(
				Map.of(".endpoints", etcd.clientUrl(), ".username", user, ".password", "pw"));
		all.putAll(properties);
		return GuardedApplication.run(all);
	}

}
