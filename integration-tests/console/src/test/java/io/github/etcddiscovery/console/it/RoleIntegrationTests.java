package io.github.etcddiscovery.console.it;

import java.nio.file.Path;

import io.github.etcddiscovery.testing.EtcdExtension;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.extension.RegisterExtension;

import org.springframework.boot.WebApplicationType;
import org.springframework.context.ConfigurableApplicationContext;

import static org.assertj.core.api.Assertions.assertThat;

/**
 * What a user of etcd sees who has little more than the least that it needs.
 */
@Timeout(180)
class RoleIntegrationTests {

	private static final Path ROLES = Path.of("..", "..", "script", "etcd-roles");

	@RegisterExtension
	static final EtcdExtension etcd = EtcdExtension.single();

	@RegisterExtension
	static final Browser browser = new Browser();

	@Test
	void saysWhatTheUserMayNotSee() {
		etcd.admin().put("services/orders/a", "h:1");
		etcd.admin().addUser("viewer", "pw");
		etcd.admin().enableAuth();
		etcd.admin().etcdctl("user", "grant-role", "viewer", etcd.admin().run(ROLES, "consumer"));
		try (ConfigurableApplicationContext context = Application.run(etcd, WebApplicationType.SERVLET,
				"--spring.cloud.etcd.discovery.register=false", "--spring.cloud.etcd.username=viewer",
				"--spring.cloud.etcd.password=pw")) {
			browser.open(Application.console(context) + "#/services/orders");
			browser.awaitText("tr.row", "h:1");
			browser.go("#/etcd");
			browser.awaitText("main", etcd.clientUrl());
			browser.go("#/calls");
			browser.awaitText(".failure", "What applications announce is not followed now");
			browser.awaitText(".failure", "permission denied");
			assertThat(browser.violations()).isEmpty();
		}
	}

}
