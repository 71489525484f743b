package io.github.etcddiscovery.production;

import java.time.Duration;
import java.util.List;
import java.util.Queue;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.function.Consumer;

import io.github.etcddiscovery.testing.BalancedClients;
import io.github.etcddiscovery.testing.EtcdExtension;
import io.micrometer.observation.Observation;
import io.micrometer.observation.ObservationHandler;
import io.micrometer.observation.ObservationView;
import org.awaitility.Awaitility;
import org.awaitility.core.ConditionFactory;
import org.jspecify.annotations.Nullable;
import reactor.core.publisher.Mono;

import org.springframework.boot.Banner;
import org.springframework.boot.WebApplicationType;
import org.springframework.boot.autoconfigure.EnableAutoConfiguration;
import org.springframework.boot.builder.SpringApplicationBuilder;
import org.springframework.cloud.client.discovery.DiscoveryClient;
import org.springframework.context.ConfigurableApplicationContext;
import org.springframework.context.annotation.Bean;
import org.springframework.context.annotation.Configuration;
import org.springframework.context.annotation.Import;
import org.springframework.http.HttpHeaders;
import org.springframework.web.bind.annotation.GetMapping;
import org.springframework.web.bind.annotation.RequestHeader;
import org.springframework.web.bind.annotation.RestController;
import org.springframework.web.client.RestClient;
import org.springframework.web.reactive.function.client.WebClient;

/**
 * An application that is locked and traced. It answers how a request has reached it, and
 * what the service {@code back} answers.
 */
@RestController
@Configuration(proxyBeanMethods = false)
@EnableAutoConfiguration
@Import(BalancedClients.class)
class Application {

	static final Consumer<HttpHeaders> CREDENTIALS = (headers) -> headers.setBasicAuth("user", "s3cret");

	private final RestClient.Builder restClient;

	private final WebClient.Builder webClient;

	Application(RestClient.Builder restClient, WebClient.Builder webClient) {
		this.restClient = restClient;
		this.webClient = webClient;
	}

	static ConfigurableApplicationContext run(EtcdExtension etcd, WebApplicationType type, String name,
			String... arguments) {
		return new SpringApplicationBuilder(Application.class).web(type)
			.bannerMode(Banner.Mode.OFF)
			.properties("spring.application.name=" + name, "spring.cloud.etcd.endpoints=" + etcd.clientUrl(),
					"spring.cloud.etcd.discovery.ip-address=127.0.0.1", "spring.cloud.etcd.discovery.drain=0s",
					"server.address=127.0.0.1", "server.port=0", "spring.security.user.password=s3cret",
					"management.endpoints.web.exposure.include=*",
					"management.endpoint.health.show-details=when-authorized",
					"management.tracing.sampling.probability=1")
			.run(arguments);
	}

	/**
	 * Waits until an application has found the service {@code back}.
	 */
	static void awaitBack(ConfigurableApplicationContext front) {
		await().until(() -> front.getBean(DiscoveryClient.class).getInstances("back").size() == 1);
	}

	/**
	 * The way from outside to an application.
	 */
	static RestClient http(ConfigurableApplicationContext context) {
		String port = context.getEnvironment().getRequiredProperty("local.server.port");
		return RestClient.create("http://127.0.0.1:" + port);
	}

	/**
	 * Patient, since a build shares its machine.
	 */
	static ConditionFactory await() {
		return Awaitility.await().atMost(Duration.ofSeconds(30));
	}

	@GetMapping("/")
	Answer answer(@RequestHeader(defaultValue = "") String traceparent) {
		return new Answer(traceparent, Thread.currentThread().toString());
	}

	@GetMapping("/blocking")
	Answer callBlocking() {
		return this.restClient.build()
			.get()
			.uri("http://back/")
			.headers(CREDENTIALS)
			.retrieve()
			.requiredBody(Answer.class);
	}

	@GetMapping("/reactive")
	Mono<Answer> callReactive() {
		return this.webClient.build()
			.get()
			.uri("http://back/")
			.headers(CREDENTIALS)
			.retrieve()
			.bodyToMono(Answer.class);
	}

	@Bean
	static Observed observed() {
		return new Observed();
	}

	/**
	 * How a request has reached an application.
	 *
	 * @param traceparent the header that says which trace it belongs to
	 * @param thread the thread that has answered it
	 */
	record Answer(String traceparent, String thread) {
	}

	/**
	 * What an application has observed, each of which is a span too.
	 */
	static class Observed implements ObservationHandler<Observation.Context> {

		private final Queue<Observation.Context> observed = new ConcurrentLinkedQueue<>();

		@Override
		public boolean supportsContext(Observation.Context context) {
			return true;
		}

		@Override
		public void onStop(Observation.Context context) {
			this.observed.add(context);
		}

		/**
		 * The names of those that began within another one, or within none.
		 */
		List<String> within(@Nullable ObservationView parent) {
			return this.observed.stream()
				.filter((context) -> context.getParentObservation() == parent)
				.map(Observation.Context::getName)
				.toList();
		}

	}

}
