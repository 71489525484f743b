package io.github.etcddiscovery.loadbalancer;

import java.time.Duration;
import java.util.HashMap;
import java.util.HashSet;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.atomic.AtomicReference;
import java.util.function.Supplier;
import java.util.stream.Stream;

import io.github.etcddiscovery.testing.BalancedClients;
import io.github.etcddiscovery.testing.EtcdExtension;
import io.github.etcddiscovery.testing.HttpInstance;
import org.awaitility.core.ConditionFactory;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.extension.RegisterExtension;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import reactor.core.publisher.Mono;
import reactor.core.scheduler.Schedulers;

import org.springframework.boot.Banner;
import org.springframework.boot.SpringApplication;
import org.springframework.boot.WebApplicationType;
import org.springframework.boot.autoconfigure.EnableAutoConfiguration;
import org.springframework.cloud.client.discovery.DiscoveryClient;
import org.springframework.context.ConfigurableApplicationContext;
import org.springframework.context.annotation.Configuration;
import org.springframework.context.annotation.Import;
import org.springframework.web.client.RestClient;
import org.springframework.web.client.RestTemplate;
import org.springframework.web.reactive.function.client.WebClient;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

/**
 * Calls by the name of a service reach what is in etcd now, not what was there 35 seconds
 * ago.
 */
@Timeout(120)
class LoadBalancedCallsIntegrationTests {

	@RegisterExtension
	static final EtcdExtension etcd = EtcdExtension.single();

	private static HttpInstance one;

	private static HttpInstance two;

	private static ConfigurableApplicationContext both;

	private static ConfigurableApplicationContext blocking;

	private static ConfigurableApplicationContext reactive;

	@BeforeAll
	static void start() {
		one = new HttpInstance(etcd.admin(), "shop", "one");
		two = new HttpInstance(etcd.admin(), "shop", "two");
		both = run("--spring.cloud.etcd.discovery.order=0");
		blocking = run("--spring.cloud.discovery.reactive.enabled=false");
		reactive = run("--spring.cloud.discovery.blocking.enabled=false");
	}

	@AfterAll
	static void stop() {
		Stream.of(both, blocking, reactive).forEach(ConfigurableApplicationContext::close);
		one.close();
		two.close();
	}

	@ParameterizedTest
	@EnumSource
	void followsEveryChangeAtOnce(Caller caller) {
		one.register("UP");
		soon().until(() -> caller.answers(4).equals(Set.of("one")));
		two.register("UP");
		soon().until(() -> caller.answers(4).equals(Set.of("one", "two")));
		one.register("OUT_OF_SERVICE");
		soon().until(() -> caller.answers(4).equals(Set.of("two")));
		one.register("UP");
		soon().until(() -> caller.answers(4).equals(Set.of("one", "two")));
		two.deregister();
		soon().until(() -> caller.answers(4).equals(Set.of("one")));
	}

	@Test
	void leavesSpringCloudsCacheWhenToldSo() {
		one.register("UP");
		try (ConfigurableApplicationContext context = run("--spring.cloud.etcd.loadbalancer.enabled=false")) {
			Supplier<Set<String>> answers = () -> Caller.answers(4, () -> Caller.restClient(context));
			await().until(() -> answers.get().equals(Set.of("one")));
			two.register("UP");
			one.deregister();
			DiscoveryClient client = context.getBean(DiscoveryClient.class);
			await().until(() -> client.getInstances("shop").size() == 1
					&& client.getInstances("shop").get(0).getPort() == two.port());
			assertThat(answers.get()).containsExactly("one");
		}
	}

	@Test
	void sparesANewInstanceWhenToldSo() {
		one.register("UP");
		try (ConfigurableApplicationContext context = run("--spring.cloud.etcd.loadbalancer.slow-start=3650d")) {
			Supplier<Set<String>> answers = () -> Caller.answers(10, () -> Caller.restClient(context));
			Supplier<Set<String>> reactiveAnswers = () -> Caller.answers(10, () -> Caller.webClient(context));
			soon().until(() -> answers.get().equals(Set.of("one")));
			two.register("UP");
			DiscoveryClient client = context.getBean(DiscoveryClient.class);
			soon().until(() -> client.getInstances("shop").size() == 2);
			assertThat(answers.get()).containsExactly("one");
			assertThat(reactiveAnswers.get()).containsExactly("one");
			one.deregister();
			soon().until(() -> client.getInstances("shop").size() == 1);
			assertThat(answers.get()).containsExactly("two");
			assertThat(reactiveAnswers.get()).containsExactly("two");
		}
	}

	@Test
	void callsTheLessLoadedInstanceWhenToldSo() {
		one.register("UP");
		two.register("UP");
		Runnable release = one.hold();
		one.requests().clear();
		ExecutorService threads = Executors.newCachedThreadPool();
		try (ConfigurableApplicationContext context = run("--spring.cloud.etcd.loadbalancer.least-request=shop")) {
			DiscoveryClient client = context.getBean(DiscoveryClient.class);
			soon().until(() -> client.getInstances("shop").size() == 2);
			AtomicReference<CompletableFuture<String>> held = new AtomicReference<>();
			soon().until(() -> {
				held.set(CompletableFuture.supplyAsync(() -> Caller.restClient(context), threads));
				soon().until(() -> held.get().isDone() || !one.requests().isEmpty());
				return !one.requests().isEmpty();
			});
			assertThat(Caller.answers(10, () -> Caller.restClient(context))).containsExactly("two");
			assertThat(Caller.answers(10, () -> Caller.webClient(context))).containsExactly("two");
			release.run();
			assertThat(held.get().join()).isEqualTo("one");
		}
		finally {
			release.run();
			threads.shutdown();
		}
	}

	@Test
	void readsAddressesThatOthersHaveWritten() {
		etcd.admin().put("services/shop", "http://127.0.0.1:" + one.port());
		etcd.admin().put("services/shop/two", "127.0.0.1:" + two.port());
		soon().until(() -> Caller.REST_CLIENT.answers(4).equals(Set.of("one", "two")));
	}

	/**
	 * Far sooner than a cache of 35 seconds would.
	 */
	private static ConditionFactory soon() {
		return await().atMost(Duration.ofSeconds(20)).pollDelay(Duration.ZERO).pollInterval(Duration.ofMillis(20));
	}

	private static ConfigurableApplicationContext run(String argument) {
		SpringApplication application = new SpringApplication(Application.class);
		application.setWebApplicationType(WebApplicationType.NONE);
		application.setBannerMode(Banner.Mode.OFF);
		Map<String, Object> properties = new HashMap<>(Map.of("spring.application.name", "consumer",
				"spring.cloud.etcd.endpoints", etcd.clientUrl(), "spring.cloud.etcd.discovery.register", "false"));
		application.setDefaultProperties(properties);
		return application.run(argument);
	}

	/**
	 * The ways to call a service by its name.
	 */
	enum Caller {

		REST_CLIENT {

			@Override
			String call() {
				return restClient(both);
			}

		},

		REST_CLIENT_WITHOUT_REACTIVE_DISCOVERY {

			@Override
			String call() {
				return restClient(blocking);
			}

		},

		REST_TEMPLATE {

			@Override
			String call() {
				return String.valueOf(both.getBean(RestTemplate.class).getForObject("http://shop/", String.class));
			}

		},

		WEB_CLIENT {

			@Override
			String call() {
				return webClient(both);
			}

		},

		WEB_CLIENT_WITHOUT_BLOCKING_DISCOVERY {

			@Override
			String call() {
				return webClient(reactive);
			}

		},

		WEB_CLIENT_WITHOUT_REACTIVE_DISCOVERY {

			@Override
			String call() {
				return webClient(blocking);
			}

		};

		abstract String call();

		Set<String> answers(int calls) {
			return answers(calls, this::call);
		}

		static Set<String> answers(int calls, Supplier<String> call) {
			Set<String> answers = new HashSet<>();
			for (int i = 0; i < calls; i++) {
				try {
					answers.add(call.get());
				}
				catch (RuntimeException ex) {
					answers.add(ex.toString());
				}
			}
			return answers;
		}

		static String restClient(ConfigurableApplicationContext context) {
			return String.valueOf(context.getBean(RestClient.Builder.class)
				.build()
				.get()
				.uri("http://shop/")
				.retrieve()
				.body(String.class));
		}

		/**
		 * On a thread that must not be blocked.
		 */
		static String webClient(ConfigurableApplicationContext context) {
			WebClient client = context.getBean(WebClient.Builder.class).build();
			return String.valueOf(Mono.defer(() -> client.get().uri("http://shop/").retrieve().bodyToMono(String.class))
				.subscribeOn(Schedulers.parallel())
				.block(Duration.ofSeconds(10)));
		}

	}

	@Configuration(proxyBeanMethods = false)
	@EnableAutoConfiguration
	@Import(BalancedClients.class)
	static class Application {

	}

}
