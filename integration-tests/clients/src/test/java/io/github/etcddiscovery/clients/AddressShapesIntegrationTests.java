package io.github.etcddiscovery.clients;

import java.io.IOException;
import java.net.InetSocketAddress;
import java.net.URI;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.EnumMap;
import java.util.Map;
import java.util.Objects;
import java.util.stream.IntStream;

import com.sun.net.httpserver.HttpServer;
import io.github.etcddiscovery.testing.EtcdExtension;
import org.awaitility.core.ConditionFactory;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.extension.RegisterExtension;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.EnumSource;

import org.springframework.cloud.client.ServiceInstance;
import org.springframework.cloud.client.discovery.DiscoveryClient;
import org.springframework.cloud.client.loadbalancer.LoadBalancerClient;
import org.springframework.context.ConfigurableApplicationContext;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

/**
 * Each client calls an instance whatever its address looks like, and what is encoded in
 * the request's URI arrives as it was sent. Where an address can't be called, the others
 * are.
 */
@Timeout(180)
class AddressShapesIntegrationTests {

	@RegisterExtension
	static final EtcdExtension etcd = EtcdExtension.single();

	private static final Map<Application, ConfigurableApplicationContext> applications = new EnumMap<>(
			Application.class);

	private static HttpServer server;

	private static int port;

	@BeforeAll
	static void start() throws IOException {
		System.setProperty("sun.net.httpserver.nodelay", "true");
		server = HttpServer.create(new InetSocketAddress("::", 0), 0);
		port = server.getAddress().getPort();
		server.createContext("/", (exchange) -> {
			byte[] uri = exchange.getRequestURI().toString().getBytes(StandardCharsets.UTF_8);
			exchange.sendResponseHeaders(200, uri.length);
			exchange.getResponseBody().write(uri);
			exchange.close();
		});
		server.start();
	}

	@AfterAll
	static void stop() {
		applications.values().forEach(ConfigurableApplicationContext::close);
		server.stop(0);
	}

	@AfterEach
	void deregister() {
		etcd.admin().delete("services/shop/one");
		etcd.admin().delete("services/shop/two");
		etcd.admin().delete("services/shop/three");
	}

	@ParameterizedTest
	@EnumSource
	void callsEveryAddress(Client client) {
		ConfigurableApplicationContext context = application(client);
		for (String value : new String[] { "127.0.0.1:PORT", "http://localhost:PORT/", "LOCALHOST:PORT", "[::1]:PORT",
				"http://[::1]:PORT", "[0:0:0:0:0:0:0:1]:PORT", "[::FFFF:127.0.0.1]:PORT", "{'host':'::1','port':PORT}",
				"{'host':'::ffff:127.0.0.1','port':PORT,'metadata':{'weight':'2'}}" }) {
			String written = value.replace("PORT", String.valueOf(port)).replace('\'', '"');
			etcd.admin().put("services/shop/one", written);
			String host = written.contains("host\"") ? written.split("\"")[3]
					: URI.create("//" + written.replace("http://", "")).getHost();
			awaitInstances(context, 1, host.replace("[", "").replace("]", ""));
			// A route of a locator comes with the first instance
			soon().ignoreExceptions().until(() -> "/".equals(client.get(context)));
			assertThat(client.echo(context)).as(value).isEqualTo(Client.ECHO);
			assertThat(client.post(context)).as(value).isEqualTo("/");
		}
	}

	@ParameterizedTest
	@EnumSource
	void passesOverWhatNobodyCanCall(Client client) {
		ConfigurableApplicationContext context = application(client);
		etcd.admin().put("services/shop/two", "my_host:" + port);
		etcd.admin().put("services/shop/three", "{\"host\":\"fe80::1%eth0\",\"port\":" + port + "}");
		etcd.admin().put("services/shop/one", "[::1]:" + port);
		awaitInstances(context, 2, "::1");
		soon().ignoreExceptions().until(() -> "/".equals(client.get(context)));
		IntStream.range(0, 6).forEach((number) -> assertThat(client.echo(context)).isEqualTo(Client.ECHO));
	}

	@ParameterizedTest
	@CsvSource({ "https://[::1], https://[::1]:443", "http://[::1], http://[::1]:80",
			"https://[2001:DB8::A]:8443/, https://[2001:DB8::A]:8443", "https://api.example., https://api.example.:443",
			"http://API.example:80, http://API.example:80" })
	void keepsWhatIsEncodedAndTheSchemeOfTheInstance(String value, String called) {
		ConfigurableApplicationContext context = application(Client.REST_CLIENT);
		etcd.admin().put("services/shop/one", value);
		LoadBalancerClient client = context.getBean(LoadBalancerClient.class);
		soon().until(() -> client.choose("shop") != null);
		ServiceInstance chosen = Objects.requireNonNull(client.choose("shop"));
		for (String rest : new String[] { "/a%20b", "/?q=a%20b", "/a%2Fb?q=%C3%A4", "/plain", "" }) {
			assertThat(client.reconstructURI(chosen, URI.create("http://shop" + rest))).hasToString(called + rest);
		}
		assertThat(chosen.getUri()).hasToString(called);
	}

	private static void awaitInstances(ConfigurableApplicationContext context, int number, String host) {
		DiscoveryClient discovery = context.getBean(DiscoveryClient.class);
		soon().until(() -> discovery.getInstances("shop").size() == number
				&& discovery.getInstances("shop").stream().anyMatch((instance) -> instance.getHost().equals(host)));
	}

	private static ConfigurableApplicationContext application(Client client) {
		return applications.computeIfAbsent(client.application(), (application) -> application.run(etcd.clientUrl()));
	}

	private static ConditionFactory soon() {
		return await().atMost(Duration.ofSeconds(20)).pollDelay(Duration.ZERO).pollInterval(Duration.ofMillis(20));
	}

}
