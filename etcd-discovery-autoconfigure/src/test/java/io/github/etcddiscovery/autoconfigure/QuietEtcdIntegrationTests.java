package io.github.etcddiscovery.autoconfigure;

import java.time.Duration;
import java.util.HashMap;
import java.util.List;
import java.util.Map;

import io.github.etcddiscovery.discovery.ServiceCatalog;
import io.github.etcddiscovery.testing.EtcdExtension;
import io.github.etcddiscovery.testing.GrpcProxy;
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

	private static final Duration BEHIND_PROXY = Duration.ofSeconds(10);

	private static final Map<String, Object> CONSUMER = Map.of("spring.cloud.etcd.discovery.register", false);

	private static final Map<String, Object> SCOPED_CONSUMER = Map.of("spring.cloud.etcd.discovery.register", false,
			"spring.cloud.etcd.discovery.watch-scope", "service");

	private static final Duration START = Duration.ofSeconds(30);

	@RegisterExtension
	static final EtcdExtension etcd = EtcdExtension.single();

	@Test
	@DisplayName("row 62: nobody writes")
	void healthyApplicationsDoNothingWhileNobodyWrites(CapturedOutput output) {
		try (TcpProxy proxy = TcpProxy.to(etcd.clientUrl());
				ConfigurableApplicationContext provider = run(proxy, "provider", Map.of());
				ConfigurableApplicationContext consumer = run(proxy, "consumer", CONSUMER);
				ConfigurableApplicationContext scoped = run(proxy, "scoped", SCOPED_CONSUMER)) {
			List<ConfigurableApplicationContext> all = List.of(provider, consumer, scoped);
			all.forEach((context) -> awaitInstances(context, "provider", 1));
			assertQuiet(QUIET, all, proxy, output);
		}
	}

	@Test
	@DisplayName("row 63: behind etcd's grpc-proxy")
	void applicationsFindEachOtherBehindTheProxyOfEtcd(CapturedOutput output) {
		try (GrpcProxy grpcProxy = GrpcProxy.to(etcd.endpoints());
				TcpProxy proxy = TcpProxy.to(grpcProxy.url());
				ConfigurableApplicationContext orders = run(proxy, "orders", Map.of());
				ConfigurableApplicationContext stock = run(proxy, "stock", Map.of());
				ConfigurableApplicationContext scoped = run(proxy, "scoped", SCOPED_CONSUMER)) {
			List<ConfigurableApplicationContext> all = List.of(orders, stock, scoped);
			all.forEach((context) -> {
				awaitInstances(context, "orders", 1);
				awaitInstances(context, "stock", 1);
			});
			assertQuiet(BEHIND_PROXY, all, proxy, output);
			etcd.admin().put("services/stock/other", "http://10.0.0.1:8080");
			all.forEach((context) -> awaitInstances(context, "stock", 2));
			etcd.admin().delete("services/stock/other");
			all.forEach((context) -> awaitInstances(context, "stock", 1));
			assertQuiet(BEHIND_PROXY, all, proxy, output);
		}
	}

	private static void assertQuiet(Duration duration, List<ConfigurableApplicationContext> contexts, TcpProxy proxy,
			CapturedOutput output) {
		String log = output.getAll();
		long connections = proxy.acceptedConnections();
		long watches = etcd.cluster().member(0).calls("Watch");
		Awaitility.await()
			.pollInterval(Duration.ofMillis(500))
			.during(duration)
			.atMost(duration.plus(START))
			.untilAsserted(() -> {
				assertThat(output.getAll()).isEqualTo(log);
				assertThat(proxy.acceptedConnections()).isEqualTo(connections);
				assertThat(etcd.cluster().member(0).calls("Watch")).isEqualTo(watches);
			});
		assertThat(contexts).allSatisfy((context) -> {
			assertThat(context.getBean(ServiceCatalog.class).state().relists()).isZero();
			assertThat(context.getBean(ServiceCatalog.class).state().synced()).isTrue();
		});
	}

	private static void awaitInstances(ConfigurableApplicationContext context, String service, int count) {
		DiscoveryClient client = context.getBean(DiscoveryClient.class);
		Awaitility.await().atMost(START).until(() -> client.getInstances(service).size() == count);
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
