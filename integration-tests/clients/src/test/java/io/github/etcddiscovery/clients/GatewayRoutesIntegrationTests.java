package io.github.etcddiscovery.clients;

import java.time.Duration;

import io.github.etcddiscovery.testing.EtcdExtension;
import io.github.etcddiscovery.testing.HttpInstance;
import org.awaitility.core.ConditionFactory;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.extension.RegisterExtension;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

import org.springframework.context.ConfigurableApplicationContext;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

/**
 * The routes of a gateway lead where a service is now: those that the reactive gateway's
 * discovery locator makes, below the name of the service, and those to {@code lb://shop}
 * that are written down. The blocking gateway has no discovery locator.
 */
@Timeout(120)
class GatewayRoutesIntegrationTests {

	@RegisterExtension
	static final EtcdExtension etcd = EtcdExtension.single();

	@ParameterizedTest
	@CsvSource({ "REACTIVE_GATEWAY, /shop/, 404", "GATEWAY, /, 500" })
	void followsTheServiceFromItsFirstInstanceToItsLast(Application application, String path, int statusWithout) {
		try (ConfigurableApplicationContext gateway = application.run(etcd.clientUrl(),
				"--spring.cloud.gateway.server.webflux.discovery.locator.enabled=true");
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

	private static int status(ConfigurableApplicationContext gateway, String path) {
		return Client.throughGateway(gateway)
			.get()
			.uri(path)
			.exchangeForRequiredValue((request, response) -> response.getStatusCode().value());
	}

	/**
	 * Far sooner than a cache of 35 seconds would.
	 */
	private static ConditionFactory soon() {
		return await().atMost(Duration.ofSeconds(20)).pollDelay(Duration.ZERO).pollInterval(Duration.ofMillis(20));
	}

}
