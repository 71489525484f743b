package io.github.etcddiscovery.config;

import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpRequest.BodyPublishers;
import java.net.http.HttpResponse;
import java.net.http.HttpResponse.BodyHandlers;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.regex.MatchResult;
import java.util.regex.Pattern;
import java.util.stream.Collectors;

import io.micrometer.core.instrument.MeterRegistry;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

import org.springframework.boot.WebApplicationType;
import org.springframework.boot.autoconfigure.EnableAutoConfiguration;
import org.springframework.boot.context.properties.ConfigurationProperties;
import org.springframework.boot.context.properties.EnableConfigurationProperties;
import org.springframework.context.ConfigurableApplicationContext;
import org.springframework.context.annotation.Configuration;
import org.springframework.security.crypto.encrypt.Encryptors;

import static org.assertj.core.api.Assertions.assertThat;

/**
 * What people see of the configuration, and change about it.
 */
@Timeout(120)
class EndpointIntegrationTests {

	private static final ConfigEtcd etcd = new ConfigEtcd();

	private static final HttpClient http = HttpClient.newHttpClient();

	private static ConfigurableApplicationContext context;

	private static long first;

	@BeforeAll
	static void start() {
		first = etcd.put("config/shop/shop/limit", "5", "config/shop/shop/hidden", "1", "config/application/shop/limit",
				"4", "config/shop/bad//key", "x", "config/shop/shop/my-text",
				"{cipher}" + Encryptors.text("key", "deadbeef").encrypt("hunter2"));
		context = ConfigEtcd.builder(Application.class)
			.web(WebApplicationType.SERVLET)
			.run(ConfigEtcd.arguments(etcd.cluster().clientUrl(), "--server.port=0", "--shop.hidden=2",
					"--encrypt.key=key", "--management.endpoint.configprops.show-values=always",
					"--management.endpoints.web.exposure.include=*", "--management.endpoint.health.show-details=always",
					"--management.endpoint.etcdconfig.show-values=always",
					"--management.endpoint.env.show-values=always"));
	}

	@AfterAll
	static void close() {
		context.close();
		etcd.close();
	}

	private static JsonNode call(String method, String path) throws Exception {
		HttpResponse<String> response = http.send(HttpRequest
			.newBuilder(URI.create("http://localhost:%s/actuator%s"
				.formatted(context.getEnvironment().getProperty("local.server.port"), path)))
			.method(method, BodyPublishers.noBody())
			.build(), BodyHandlers.ofString());
		assertThat(response.statusCode()).as(response.body()).isEqualTo(200);
		return JsonMapper.shared().readTree(response.body());
	}

	private static JsonNode limit(JsonNode report, String source) {
		return report.path("sources")
			.valueStream()
			.filter((candidate) -> candidate.path("name").asString().equals(source))
			.findFirst()
			.orElseThrow()
			.path("properties");
	}

	@Test
	void showsSourcesAndWhatHidesWhat() throws Exception {
		JsonNode report = call("GET", "/etcdconfig");
		assertThat(report.path("source").asString()).isEqualTo("live");
		JsonNode own = limit(report, "etcd:config/shop/");
		assertThat(own.path("shop.limit").path("origin").asString())
			.startsWith("etcd config/shop/shop/limit @ revision ");
		assertThat(own.path("shop.hidden").path("shadowedBy").asString()).isEqualTo("commandLineArgs");
		assertThat(limit(report, "etcd:config/application/").path("shop.limit").path("shadowedBy").asString())
			.isEqualTo("etcd:config/shop/");
		assertThat(report.toString()).contains("config/shop/bad//key");
		JsonNode environment = call("GET", "/env/shop.limit");
		assertThat(environment.toString()).contains("etcd config/shop/shop/limit @ revision");
		assertThat(call("GET", "/health").at("/components/etcdConfig/details/state").asString()).isEqualTo("IN_SYNC");
	}

	@Test
	void whatIsEncryptedInEtcdIsSoInAllEndpoints() throws Exception {
		assertThat(context.getBean(ShopProperties.class).getMyText()).isEqualTo("hunter2");
		for (String path : List.of("/etcdconfig", "/env", "/env/shop.my-text", "/configprops", "/configprops/shop")) {
			assertThat(call("GET", path).toString()).as(path).contains("{cipher}").doesNotContain("hunter2");
		}
		assertThat(call("GET", "/configprops/shop").toString()).contains("\"limit\"");
	}

	@Test
	void keepsAHistoryAndGoesBackToARevision() throws Exception {
		ShopProperties shop = context.getBean(ShopProperties.class);
		etcd.put("config/shop/shop/limit", "6");
		ConfigEtcd.await().until(() -> shop.getLimit() == 6);
		long bad = etcd.put("config/shop/shop/limit", "s3cret");
		ConfigEtcd.await().until(() -> context.getBean(EtcdConfigRefresher.class).getRefused() != null);
		JsonNode report = call("GET", "/etcdconfig");
		assertThat(report.path("history").get(0).path("result").asString()).isEqualTo("REJECTED");
		assertThat(report.path("history").get(0).path("revision").asLong()).isEqualTo(bad);
		assertThat(report.path("history").toString()).doesNotContain("s3cret");
		assertThat(report.path("history").get(1).path("keys").get(0).asString()).isEqualTo("shop.limit");
		assertThat(call("POST", "/etcdconfig/pin?revision=" + first).path("result").asString()).isEqualTo("APPLIED");
		assertThat(shop.getLimit()).isEqualTo(5);
		etcd.put("config/shop/shop/limit", "7");
		assertThat(call("POST", "/etcdconfig/refresh").path("result").asString()).isEqualTo("UNCHANGED");
		assertThat(shop.getLimit()).isEqualTo(5);
		assertThat(call("GET", "/etcdconfig").path("pinnedTo").asLong()).isEqualTo(first);
		call("POST", "/etcdconfig/unpin");
		assertThat(shop.getLimit()).isEqualTo(7);
		call("POST", "/etcdconfig/pin/" + first);
		assertThat(shop.getLimit()).isEqualTo(5);
		call("POST", "/etcdconfig/unpin");
		MeterRegistry meters = context.getBean(MeterRegistry.class);
		assertThat(meters.get("etcd.config.refresh").tag("result", "applied").counter().count()).isPositive();
		assertThat(meters.get("etcd.config.rejected").functionCounter().count()).isEqualTo(1);
		assertThat(meters.get("etcd.config.source").tag("source", "live").gauge().value()).isEqualTo(1);
		assertThat(meters.get("etcd.config.revision").gauge().value()).isPositive();
		assertThat(meters.get("etcd.config.keys").gauge().value()).isEqualTo(5);
		assertThat(meters.get("etcd.config.apply.duration").timer().count()).isPositive();
		assertThat(meters.get("etcd.config.age").timeGauge().value()).isZero();
	}

	@Test
	void theDashboardShowsMetersThatThereAre() throws Exception {
		context.getBean(EtcdConfigRefresher.class).refresh().join();
		String dashboard = Files.readString(Path.of("..", "docs", "grafana", "etcd-discovery.json"));
		String meters = context.getBean(MeterRegistry.class)
			.getMeters()
			.stream()
			.map((meter) -> meter.getId().getName().replace('.', '_'))
			.collect(Collectors.joining(","));
		assertThat(Pattern.compile("etcd_config_[a-z_]+").matcher(dashboard).results().map(MatchResult::group))
			.isNotEmpty()
			.allSatisfy((name) -> assertThat(meters).contains(name.replaceAll("_(total|seconds)$", "")));
	}

	@Configuration(proxyBeanMethods = false)
	@EnableAutoConfiguration
	@EnableConfigurationProperties(ShopProperties.class)
	static class Application {

	}

	@ConfigurationProperties("shop")
	public static class ShopProperties {

		private volatile int limit;

		private volatile String myText;

		public int getLimit() {
			return this.limit;
		}

		public void setLimit(int limit) {
			this.limit = limit;
		}

		public String getMyText() {
			return this.myText;
		}

		public void setMyText(String myText) {
			this.myText = myText;
		}

	}

}
