package io.github.etcddiscovery.clients;

import java.net.URI;
import java.time.Duration;
import java.util.Map;

import io.github.etcddiscovery.testing.EtcdExtension;
import io.github.etcddiscovery.testing.HttpInstance;
import org.awaitility.core.ConditionFactory;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.extension.RegisterExtension;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.EnumSource;

import org.springframework.context.ConfigurableApplicationContext;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

/**
 * The routes of a gateway lead where a service is now: those that a discovery locator
 * makes, below the name of the service, and those to {@code lb://shop} that are written
 * down. The blocking gateway has its discovery locator from the starter.
 */
@Timeout(120)
class GatewayRoutesIntegrationTests {

	@RegisterExtension
	static final EtcdExtension etcd = EtcdExtension.single();

	@ParameterizedTest
	@CsvSource({ "REACTIVE_GATEWAY, /shop/, 404", "GATEWAY, /shop/, 404", "GATEWAY, /, 500" })
	void followsTheServiceFromItsFirstInstanceToItsLast(Application application, String path, int statusWithout) {
		try (ConfigurableApplicationContext gateway = application.run(etcd.clientUrl());
				HttpInstance here = new HttpInstance(etcd.admin(), "shop", "one");
				HttpInstance there = new HttpInstance(etcd.admin(), "shop", "one")) {
			assertThat(status(gateway, path)).isEqualTo(statusWithout);
			here.register("UP");
			soon().until(() -> status(gateway, path) == 200);
			assertThat(here.requests()).containsExactly("GET /");
			here.crash();
			there.register("UP");
			soon().until(() -> status(gateway, path) == 200);
			assertThat(there.requests()).containsExactly("GET /");
			there.deregister();
			soon().until(() -> status(gateway, path) == statusWithout);
		}
	}

	@ParameterizedTest
	@EnumSource(names = { "REACTIVE_GATEWAY", "GATEWAY" })
	void publishesNoManagementPort(Application application) {
		try (ConfigurableApplicationContext gateway = application.run(etcd.clientUrl());
				HttpInstance shop = new HttpInstance(etcd.admin(), "shop", "one");
				HttpInstance management = new HttpInstance(etcd.admin(), "shop-management", "one")) {
			management.register("UP", Map.of("management-of", "shop"));
			shop.register("UP");
			soon().until(() -> status(gateway, "/shop/a/b%20c?q=d%20e") == 200);
			assertThat(shop.requests()).containsExactly("GET /a/b c");
			assertThat(status(gateway, "/shop-management/actuator/env")).isEqualTo(404);
			assertThat(status(gateway, "/")).isEqualTo(200);
			assertThat(status(gateway, "/nobody/")).isEqualTo(404);
			assertThat(management.requests()).isEmpty();
			shop.deregister();
			management.deregister();
		}
	}

	private static int status(ConfigurableApplicationContext gateway, String path) {
		return Client.throughGateway(gateway)
			.get()
			.uri((builder) -> URI.create(builder.build() + path.substring(1)))
			.exchangeForRequiredValue((request, response) -> response.getStatusCode().value());
	}

	/**
	 * Far sooner than a cache of 35 seconds would.
	 */
	private static ConditionFactory soon() {
		return await().atMost(Duration.ofSeconds(20)).pollDelay(Duration.ZERO).pollInterval(Duration.ofMillis(20));
	}

}
