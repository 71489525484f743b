package io.github.etcddiscovery.autoconfigure;

import java.time.Duration;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;

import io.github.etcddiscovery.discovery.ServiceCatalog;
import io.github.etcddiscovery.testing.EtcdExtension;
import io.github.etcddiscovery.testing.TcpProxy;
import org.awaitility.Awaitility;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.api.extension.RegisterExtension;

import org.springframework.boot.Banner;
import org.springframework.boot.SpringApplication;
import org.springframework.boot.WebApplicationType;
import org.springframework.boot.autoconfigure.EnableAutoConfiguration;
import org.springframework.boot.test.system.CapturedOutput;
import org.springframework.boot.test.system.OutputCaptureExtension;
import org.springframework.cloud.client.discovery.DiscoveryClient;
import org.springframework.context.ConfigurableApplicationContext;
import org.springframework.context.annotation.Configuration;

import static org.assertj.core.api.Assertions.assertThat;

/**
 * Where nobody writes, nothing happens: for half a minute, or for as many seconds as
 * {@code -Dquiet.seconds=600} says.
 */
@Timeout(3600)
@ExtendWith(OutputCaptureExtension.class)
class QuietEtcdIntegrationTests {

	private static final Duration QUIET = Duration.ofSeconds(Long.getLong("quiet.seconds", 25));

	private static final Duration START = Duration.ofSeconds(30);

	@RegisterExtension
	static final EtcdExtension etcd = EtcdExtension.single();

	@Test
	@DisplayName("row 62: nobody writes")
	void healthyApplicationsDoNothingWhileNobodyWrites(CapturedOutput output) {
		try (TcpProxy proxy = TcpProxy.to(etcd.clientUrl());
				ConfigurableApplicationContext provider = run(proxy, "provider", Map.of());
				ConfigurableApplicationContext consumer = run(proxy, "consumer",
						Map.of("spring.cloud.etcd.discovery.register", false));
				ConfigurableApplicationContext scoped = run(proxy, "scoped",
						Map.of("spring.cloud.etcd.discovery.register", false, "spring.cloud.etcd.discovery.watch-scope",
								"service"))) {
			Stream.of(provider, consumer, scoped).forEach(QuietEtcdIntegrationTests::awaitProvider);
			String log = output.getAll();
			long connections = proxy.acceptedConnections();
			long watches = etcd.cluster().member(0).calls("Watch");
			Awaitility.await()
				.pollInterval(Duration.ofMillis(500))
				.during(QUIET)
				.atMost(QUIET.plus(START))
				.untilAsserted(() -> {
					assertThat(output.getAll()).isEqualTo(log);
					assertThat(proxy.acceptedConnections()).isEqualTo(connections);
					assertThat(etcd.cluster().member(0).calls("Watch")).isEqualTo(watches);
				});
			assertThat(List.of(provider, consumer, scoped)).allSatisfy((context) -> {
				assertThat(context.getBean(ServiceCatalog.class).state().relists()).isZero();
				assertThat(context.getBean(ServiceCatalog.class).state().synced()).isTrue();
			});
		}
	}

	private static void awaitProvider(ConfigurableApplicationContext context) {
		DiscoveryClient client = context.getBean(DiscoveryClient.class);
		Awaitility.await().atMost(START).until(() -> client.getInstances("provider").size() == 1);
		Awaitility.await().atMost(START).until(() -> context.getBean(ServiceCatalog.class).state().synced());
	}

	private static ConfigurableApplicationContext run(TcpProxy proxy, String name, Map<String, Object> more) {
		Map<String, Object> properties = new HashMap<>(
				Map.of("spring.application.name", name, "spring.cloud.etcd.endpoints", proxy.url(),
						"spring.cloud.etcd.discovery.port", "8080", "spring.cloud.etcd.discovery.drain", "0s"));
		properties.putAll(more);
		SpringApplication application = new SpringApplication(Application.class);
		application.setWebApplicationType(WebApplicationType.NONE);
		application.setBannerMode(Banner.Mode.OFF);
		application.setDefaultProperties(properties);
		return application.run();
	}

	@Configuration(proxyBeanMethods = false)
	@EnableAutoConfiguration
	static class Application {

	}

}
