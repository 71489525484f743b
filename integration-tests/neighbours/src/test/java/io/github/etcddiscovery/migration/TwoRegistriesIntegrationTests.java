package io.github.etcddiscovery.migration;

import java.io.IOException;
import java.net.InetSocketAddress;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.stream.Stream;

import com.sun.net.httpserver.HttpExchange;
import com.sun.net.httpserver.HttpServer;
import io.github.etcddiscovery.registry.EtcdRegistration;
import io.github.etcddiscovery.testing.EtcdExtension;
import org.awaitility.Awaitility;
import org.awaitility.core.ConditionFactory;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.api.extension.RegisterExtension;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

import org.springframework.boot.WebApplicationType;
import org.springframework.boot.autoconfigure.EnableAutoConfiguration;
import org.springframework.boot.builder.SpringApplicationBuilder;
import org.springframework.boot.test.system.CapturedOutput;
import org.springframework.boot.test.system.OutputCaptureExtension;
import org.springframework.cloud.client.discovery.DiscoveryClient;
import org.springframework.cloud.client.serviceregistry.Registration;
import org.springframework.cloud.client.serviceregistry.endpoint.ServiceRegistryEndpoint;
import org.springframework.context.ConfigurableApplicationContext;
import org.springframework.context.annotation.Configuration;

import static org.assertj.core.api.Assertions.assertThat;

/**
 * An application with the starter of another registry beside this one. The other starter
 * is real, its server only notes what it is asked.
 */
@Timeout(120)
@ExtendWith(OutputCaptureExtension.class)
class TwoRegistriesIntegrationTests {

	@RegisterExtension
	static final EtcdExtension etcd = EtcdExtension.single();

	private final List<String> requests = new CopyOnWriteArrayList<>();

	private HttpServer other;

	@BeforeEach
	void startOtherRegistry() throws IOException {
		this.other = HttpServer.create(new InetSocketAddress("127.0.0.1", 0), 0);
		this.other.createContext("/", this::answer);
		this.other.start();
	}

	@AfterEach
	void stopOtherRegistry() {
		this.other.stop(0);
	}

	private void answer(HttpExchange exchange) throws IOException {
		String path = exchange.getRequestURI().getPath();
		this.requests.add(exchange.getRequestMethod() + " " + path);
		exchange.getRequestBody().readAllBytes();
		String body = path.startsWith("/eureka/apps")
				? "{\"applications\":{\"versions__delta\":\"1\",\"apps__hashcode\":\"\",\"application\":[]}}"
				: path.startsWith("/v1/health") ? "[]" : "{}";
		byte[] answer = body.getBytes(StandardCharsets.UTF_8);
		exchange.getResponseHeaders().add("Content-Type", "application/json");
		boolean registers = exchange.getRequestMethod().equals("POST");
		exchange.sendResponseHeaders(registers ? 204 : 200, registers ? -1 : answer.length);
		if (!registers) {
			exchange.getResponseBody().write(answer);
		}
		exchange.close();
	}

	@ParameterizedTest
	@EnumSource(Registry.class)
	void registersInBoth(Registry registry, CapturedOutput output) {
		try (ConfigurableApplicationContext application = run(registry)) {
			await().until(() -> etcd.admin().keys("services/app/").size() == 1);
			await().untilAsserted(() -> assertThat(this.requests).contains(registry.registers));
			assertThat(application.getBean(Registration.class)).as("the other one's, where one is asked for")
				.isNotInstanceOf(EtcdRegistration.class);
			assertThat(application.getBean(ServiceRegistryEndpoint.class)).isNotNull();
			await().until(() -> application.getBean(DiscoveryClient.class).getInstances("app").size() == 1);
			etcd.admin().put("services/orders", "http://10.0.0.1:80");
			await().until(() -> application.getBean(DiscoveryClient.class).getServices().contains("orders"));
		}
		assertThat(etcd.admin().keys("services/app/")).isEmpty();
		assertThat(this.requests).contains(registry.leaves(this.requests));
		assertThat(output).doesNotContain("NoUniqueBeanDefinitionException");
	}

	private ConfigurableApplicationContext run(Registry registry) {
		int port = this.other.getAddress().getPort();
		return new SpringApplicationBuilder(Application.class).web(WebApplicationType.SERVLET)
			.run(Stream
				.concat(registry.arguments(port),
						Stream.of("spring.application.name=app", "spring.cloud.etcd.endpoints=" + etcd.clientUrl(),
								"server.port=0", "server.address=127.0.0.1", "spring.cloud.config.enabled=false",
								"spring.cloud.etcd.discovery.drain=0s", "spring.main.banner-mode=off",
								"management.endpoints.web.exposure.include=serviceregistry"))
				.map("--"::concat)
				.toArray(String[]::new));
	}

	/**
	 * Patient, since a build shares its machine.
	 */
	private static ConditionFactory await() {
		return Awaitility.await().atMost(Duration.ofSeconds(30));
	}

	/**
	 * The other registry.
	 */
	enum Registry {

		/**
		 * Consul.
		 */
		CONSUL("PUT /v1/agent/service/register", "PUT /v1/agent/service/deregister") {

			@Override
			Stream<String> arguments(int port) {
				return Stream.of("spring.cloud.consul.enabled=true", "spring.cloud.consul.discovery.enabled=true",
						"spring.cloud.consul.host=127.0.0.1", "spring.cloud.consul.port=" + port);
			}

		},

		/**
		 * Eureka.
		 */
		EUREKA("POST /eureka/apps/APP", "DELETE /eureka/apps/APP") {

			@Override
			Stream<String> arguments(int port) {
				return Stream.of("eureka.client.enabled=true",
						"eureka.client.service-url.defaultZone=http://127.0.0.1:" + port + "/eureka/");
			}

		};

		private final String registers;

		private final String leaves;

		Registry(String registers, String leaves) {
			this.registers = registers;
			this.leaves = leaves;
		}

		abstract Stream<String> arguments(int port);

		/**
		 * The request of those made that says goodbye.
		 */
		String leaves(List<String> requests) {
			return requests.stream()
				.filter((request) -> request.startsWith(this.leaves))
				.findFirst()
				.orElse(this.leaves);
		}

	}

	@Configuration(proxyBeanMethods = false)
	@EnableAutoConfiguration
	static class Application {

	}

}
