package io.github.etcddiscovery.loadbalancer;

import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CountDownLatch;
import java.util.stream.Stream;

import io.github.etcddiscovery.testing.BalancedClients;
import io.github.etcddiscovery.testing.EtcdExtension;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.extension.RegisterExtension;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

import org.springframework.beans.factory.annotation.Value;
import org.springframework.boot.WebApplicationType;
import org.springframework.boot.autoconfigure.EnableAutoConfiguration;
import org.springframework.boot.builder.SpringApplicationBuilder;
import org.springframework.boot.web.server.context.WebServerApplicationContext;
import org.springframework.cloud.client.discovery.DiscoveryClient;
import org.springframework.context.ConfigurableApplicationContext;
import org.springframework.context.SmartLifecycle;
import org.springframework.context.annotation.Bean;
import org.springframework.context.annotation.Configuration;
import org.springframework.context.annotation.Import;
import org.springframework.http.client.ReactorResourceFactory;
import org.springframework.web.bind.annotation.GetMapping;
import org.springframework.web.bind.annotation.RestController;
import org.springframework.web.client.RestClient;
import org.springframework.web.reactive.function.client.WebClient;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

/**
 * An instance that stops while etcd is away, with callers that retry nothing.
 */
@Timeout(300)
class FarewellIntegrationTests {

	@RegisterExtension
	static final EtcdExtension etcd = EtcdExtension.single();

	private final List<ConfigurableApplicationContext> contexts = new ArrayList<>();

	private final List<Door> doors = new ArrayList<>();

	@AfterEach
	void closeAll() {
		etcd.cluster().start();
		this.doors.forEach(Door::close);
		this.contexts.forEach(ConfigurableApplicationContext::close);
	}

	// 34, 35
	@ParameterizedTest
	@CsvSource({ "SERVLET, RestClient, services", "REACTIVE, WebClient, others" })
	void noCallMeetsAnInstanceThatStopsWhileEtcdIsAway(WebApplicationType type, String client, String prefix) {
		ConfigurableApplicationContext leaving = provider(type, "leaving");
		provider(type, "staying");
		ConfigurableApplicationContext caller = run(CallerApplication.class, WebApplicationType.NONE,
				"spring.application.name=caller", "spring.cloud.loadbalancer.retry.enabled=false",
				"spring.cloud.etcd.discovery.prefix=" + prefix,
				"spring.cloud.etcd.discovery.additional-prefixes=" + (prefix.equals("services") ? "" : "services"));
		DiscoveryClient discovery = caller.getBean(DiscoveryClient.class);
		await().atMost(Duration.ofMinutes(1)).until(() -> discovery.getInstances("provider").size() == 2);
		etcd.cluster().kill();
		CompletableFuture<Void> closed = CompletableFuture.runAsync(leaving::close);
		List<String> answers = new ArrayList<>();
		await().atMost(Duration.ofMinutes(1)).pollDelay(Duration.ZERO).pollInterval(Duration.ofMillis(1)).until(() -> {
			answers.add(call(caller, client));
			return discovery.getInstances("provider").size() == 1;
		});
		this.doors.forEach(Door::close);
		closed.join();
		assertThat(answers).contains("leaving");
		assertThat(Stream.generate(() -> call(caller, client)).limit(10)).containsOnly("staying");
	}

	private static String call(ConfigurableApplicationContext caller, String client) {
		String answer = client.equals("RestClient")
				? caller.getBean(RestClient.Builder.class)
					.build()
					.get()
					.uri("http://provider/")
					.retrieve()
					.body(String.class)
				: caller.getBean(WebClient.Builder.class)
					.build()
					.get()
					.uri("http://provider/")
					.retrieve()
					.bodyToMono(String.class)
					.block();
		return String.valueOf(answer);
	}

	private ConfigurableApplicationContext provider(WebApplicationType type, String name) {
		ConfigurableApplicationContext provider = run(ProviderApplication.class, type,
				"spring.application.name=provider", "name=" + name, "server.address=127.0.0.1", "server.port=0",
				"spring.cloud.etcd.discovery.ip-address=127.0.0.1", "spring.cloud.etcd.discovery.drain=0s");
		this.doors.add(provider.getBean(Door.class));
		return provider;
	}

	private ConfigurableApplicationContext run(Class<?> application, WebApplicationType type, String... properties) {
		ConfigurableApplicationContext context = new SpringApplicationBuilder(application).web(type)
			.properties(properties)
			.properties(Map.of("spring.cloud.etcd.endpoints", etcd.clientUrl()))
			.run();
		this.contexts.add(context);
		return context;
	}

	@Configuration(proxyBeanMethods = false)
	@EnableAutoConfiguration
	@RestController
	static class ProviderApplication {

		@Value("${name}")
		private String name = "";

		@Bean
		Door door() {
			return new Door();
		}

		/**
		 * Not those of the JVM, which the caller and the other instance would lose with
		 * them.
		 */
		@Bean
		ReactorResourceFactory reactorResourceFactory() {
			ReactorResourceFactory resources = new ReactorResourceFactory();
			resources.setUseGlobalResources(false);
			return resources;
		}

		@GetMapping("/")
		String name() {
			return this.name;
		}

	}

	/**
	 * Keeps the web server up after the goodbye, in place of a drain that a busy machine
	 * may sleep through.
	 */
	static final class Door implements SmartLifecycle {

		private final CountDownLatch closed = new CountDownLatch(1);

		private volatile boolean running;

		void close() {
			this.closed.countDown();
		}

		@Override
		public void start() {
			this.running = true;
		}

		@Override
		public void stop() {
			try {
				this.closed.await();
				this.running = false;
			}
			catch (InterruptedException ex) {
				Thread.currentThread().interrupt();
			}
		}

		@Override
		public boolean isRunning() {
			return this.running;
		}

		@Override
		public int getPhase() {
			return WebServerApplicationContext.GRACEFUL_SHUTDOWN_PHASE + 600;
		}

	}

	@Configuration(proxyBeanMethods = false)
	@EnableAutoConfiguration
	@Import(BalancedClients.class)
	static class CallerApplication {

	}

}
