package io.github.etcddiscovery.loadbalancer;

import java.time.Duration;
import java.util.ArrayList;
import java.util.Collections;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.function.Predicate;
import java.util.stream.Stream;

import io.github.etcddiscovery.discovery.ServiceCatalog;
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
import org.springframework.cloud.client.loadbalancer.LoadBalanced;
import org.springframework.context.ConfigurableApplicationContext;
import org.springframework.context.annotation.Bean;
import org.springframework.context.annotation.Configuration;
import org.springframework.context.annotation.Primary;
import org.springframework.http.client.JdkClientHttpRequestFactory;
import org.springframework.web.client.RestClient;
import org.springframework.web.reactive.function.client.WebClient;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

/**
 * Every value of {@code spring.cloud.loadbalancer.configurations} does what it says,
 * follows what is in etcd and gets along with an instance that has died, for all services
 * or for one, blocking or not.
 */
@Timeout(180)
class LoadBalancerConfigurationsIntegrationTests {

	@RegisterExtension
	static final EtcdExtension etcd = EtcdExtension.single();

	private static final String ALL_SERVICES = "spring.cloud.loadbalancer.";

	private static ConfigurableApplicationContext blocking;

	private static ConfigurableApplicationContext reactive;

	@BeforeAll
	static void start() {
		blocking = runWithEachValue("--spring.cloud.discovery.reactive.enabled=false");
		reactive = runWithEachValue("--spring.cloud.discovery.blocking.enabled=false");
	}

	@AfterAll
	static void stop() {
		blocking.close();
		reactive.close();
	}

	@ParameterizedTest
	@EnumSource
	void worksForAllServices(Value value) {
		try (ConfigurableApplicationContext context = run(value.properties(ALL_SERVICES))) {
			follow(value, new RestClientCaller(context, value), new WebClientCaller(context, value));
		}
	}

	@ParameterizedTest
	@EnumSource
	void worksForOneServiceWithBlockingDiscovery(Value value) {
		follow(value, new RestClientCaller(blocking, value));
	}

	@ParameterizedTest
	@EnumSource
	void worksForOneServiceWithReactiveDiscovery(Value value) {
		follow(value, new WebClientCaller(reactive, value));
	}

	private static void follow(Value value, Caller... callers) {
		try (HttpInstance one = new HttpInstance(etcd.admin(), value.toString(), "one");
				HttpInstance two = new HttpInstance(etcd.admin(), value.toString(), "two")) {
			one.setHealthy(value != Value.HEALTH_CHECK);
			one.register("UP", value.metadataOfOne);
			two.register("UP", value.metadataOfTwo);
			for (Caller caller : callers) {
				soon().until(() -> value.isAsItSays.test(caller.answers()));
			}
			one.setHealthy(true);
			// An orderly end of the one that is called, and its return
			String called = callers[0].call();
			HttpInstance leaving = called.equals("one") ? one : two;
			leaving.register("OUT_OF_SERVICE", (leaving == one) ? value.metadataOfOne : value.metadataOfTwo);
			String left = (value == Value.API_VERSION) ? Caller.NOBODY : (leaving == one) ? "two" : "one";
			for (Caller caller : callers) {
				soon().until(() -> Set.copyOf(caller.answers()).equals(Set.of(left)));
			}
			leaving.register("UP", (leaving == one) ? value.metadataOfOne : value.metadataOfTwo);
			for (Caller caller : callers) {
				soon().until(() -> value.isAsItSaysAgain(caller.answers()));
			}
			// A crash
			HttpInstance dying = callers[0].call().equals("one") ? one : two;
			dying.crash();
			for (Caller caller : callers) {
				assertThat(caller.answers())
					.containsOnly((value == Value.API_VERSION) ? Caller.NOBODY : (dying == one) ? "two" : "one");
			}
		}
	}

	@ParameterizedTest
	@EnumSource
	void leavesWhatCannotBeConnectedToOutUntilItCan(Value value) {
		try (ConfigurableApplicationContext context = run(value.properties(ALL_SERVICES),
				"--spring.cloud.etcd.loadbalancer.eject-unreachable=true",
				"--spring.cloud.loadbalancer.retry.enabled=false");
				HttpInstance one = new HttpInstance(etcd.admin(), value.toString(), "one");
				HttpInstance two = new HttpInstance(etcd.admin(), value.toString(), "two")) {
			one.register("UP", value.metadataOfOne);
			two.register("UP", value.metadataOfTwo);
			Caller[] callers = { new RestClientCaller(context, value), new WebClientCaller(context, value) };
			for (Caller caller : callers) {
				soon().until(() -> value.isAsItSaysAgain(caller.answers()));
			}
			HttpInstance dying = callers[0].call().equals("one") ? one : two;
			dying.crash();
			String left = (value == Value.API_VERSION) ? Caller.NOBODY : (dying == one) ? "two" : "one";
			for (Caller caller : callers) {
				soon().until(() -> Set.copyOf(caller.answers()).equals(Set.of(left)));
			}
			dying.restart();
			for (Caller caller : callers) {
				soon().until(() -> value.isAsItSaysAgain(caller.answers()));
			}
			// All are served when all are ejected
			one.crash();
			two.crash();
			assertThat(callers[0].answers()).containsOnly(Caller.NOBODY);
			one.restart();
			two.restart();
			for (Caller caller : callers) {
				soon().until(() -> value.isAsItSaysAgain(caller.answers()));
			}
		}
	}

	@Test
	void bearsTheWeightsThatStrangersWrite() {
		try (ConfigurableApplicationContext context = run(Value.WEIGHTED.properties(ALL_SERVICES));
				HttpInstance one = new HttpInstance(etcd.admin(), Value.WEIGHTED.toString(), "one");
				HttpInstance two = new HttpInstance(etcd.admin(), Value.WEIGHTED.toString(), "two")) {
			Caller[] callers = { new RestClientCaller(context, Value.WEIGHTED),
					new WebClientCaller(context, Value.WEIGHTED) };
			one.register("UP", Map.of("weight", "0"));
			two.register("UP", Map.of("weight", "1"));
			DiscoveryClient discovery = context.getBean(DiscoveryClient.class);
			soon().until(() -> discovery.getInstances(Value.WEIGHTED.toString()).size() == 2);
			for (Caller caller : callers) {
				assertThat(caller.answers()).containsOnly("two");
			}
			two.register("UP", Map.of("weight", "0"));
			for (Caller caller : callers) {
				soon().until(() -> Value.areBoth(caller.answers()));
			}
			one.register("UP", Map.of("weight", "2147483647"));
			two.register("UP", Map.of("weight", "2147483646"));
			soon().until(() -> discovery.getInstances(Value.WEIGHTED.toString())
				.stream()
				.allMatch((instance) -> instance.getMetadata().get("weight").equals("1000")));
			for (Caller caller : callers) {
				assertThat(caller.answers()).containsOnly("one", "two");
			}
		}
	}

	/**
	 * Also where the choice takes the {@link CatalogShortcut}.
	 */
	@Test
	void eachChoiceIsALookUp() {
		for (ConfigurableApplicationContext context : List.of(blocking, reactive)) {
			ServiceCatalog catalog = context.getBean(ServiceCatalog.class);
			soon().until(() -> catalog.isKnown(Value.DEFAULT.toString()));
			List<String> lookUps = new CopyOnWriteArrayList<>();
			catalog.onLookUp(lookUps::add);
			Caller caller = (context == blocking) ? new RestClientCaller(context, Value.DEFAULT)
					: new WebClientCaller(context, Value.DEFAULT);
			assertThat(caller.call()).isEqualTo(Caller.NOBODY);
			assertThat(lookUps).contains(Value.DEFAULT.toString());
		}
	}

	private static ConditionFactory soon() {
		return await().atMost(Duration.ofSeconds(20)).pollDelay(Duration.ZERO).pollInterval(Duration.ofMillis(20));
	}

	private static ConfigurableApplicationContext runWithEachValue(String argument) {
		Map<String, String> properties = new HashMap<>();
		for (Value value : Value.values()) {
			properties.putAll(value.properties("spring.cloud.loadbalancer.clients." + value + "."));
		}
		return run(properties, argument);
	}

	private static ConfigurableApplicationContext run(Map<String, String> properties, String... arguments) {
		SpringApplication application = new SpringApplication(Application.class);
		application.setWebApplicationType(WebApplicationType.NONE);
		application.setBannerMode(Banner.Mode.OFF);
		Map<String, Object> all = new HashMap<>(
				Map.of("spring.application.name", "consumer", "spring.cloud.etcd.endpoints", etcd.clientUrl(),
						"spring.cloud.etcd.discovery.register", "false", "spring.cloud.etcd.discovery.zone", "near"));
		all.putAll(properties);
		application.setDefaultProperties(all);
		return application.run(arguments);
	}

	/**
	 * The values, with the instances and the request that show what each does.
	 */
	enum Value {

		DEFAULT(Map.of(), Map.of(), Map.of(), Value::areBoth),

		ZONE_PREFERENCE(Map.of(), Map.of("zone", "far"), Map.of("zone", "near"), Value::areTwo),

		WEIGHTED(Map.of(), Map.of("weight", "1"), Map.of("weight", "3"),
				(answers) -> Collections.frequency(answers, "one") == 2 && Collections.frequency(answers, "two") == 6),

		HEALTH_CHECK(Map.of("health-check.refetch-instances-interval", "1s"), Map.of(), Map.of(), Value::areTwo),

		REQUEST_BASED_STICKY_SESSION(Map.of(), Map.of(), Map.of(), Value::areTwo),

		SAME_INSTANCE_PREFERENCE(Map.of(), Map.of(), Map.of(), Value::areTheSame),

		SUBSET(Map.of("subset.size", "1", "subset.instance-id", "consumer"), Map.of(), Map.of(), Value::areTheSame),

		API_VERSION(Map.of("api-version.header", "version"), Map.of("API_VERSION", "1"), Map.of("API_VERSION", "2"),
				Value::areTwo);

		private final Map<String, String> properties;

		private final Map<String, String> metadataOfOne;

		private final Map<String, String> metadataOfTwo;

		private final Predicate<List<String>> isAsItSays;

		Value(Map<String, String> properties, Map<String, String> metadataOfOne, Map<String, String> metadataOfTwo,
				Predicate<List<String>> isAsItSays) {
			this.properties = properties;
			this.metadataOfOne = metadataOfOne;
			this.metadataOfTwo = metadataOfTwo;
			this.isAsItSays = isAsItSays;
		}

		Map<String, String> properties(String prefix) {
			Map<String, String> all = new HashMap<>(Map.of(prefix + "configurations", toString()));
			this.properties.forEach((name, setting) -> all.put(prefix + name, setting));
			return all;
		}

		private static boolean areBoth(List<String> answers) {
			return new HashSet<>(answers).equals(Set.of("one", "two"));
		}

		private static boolean areTwo(List<String> answers) {
			return new HashSet<>(answers).equals(Set.of("two"));
		}

		private static boolean areTheSame(List<String> answers) {
			Set<String> all = new HashSet<>(answers);
			return all.size() == 1 && !all.contains(Caller.NOBODY);
		}

		/**
		 * Nobody is ill any more.
		 */
		boolean isAsItSaysAgain(List<String> answers) {
			return (this == HEALTH_CHECK) ? areBoth(answers) : this.isAsItSays.test(answers);
		}

		@Override
		public String toString() {
			return name().toLowerCase().replace('_', '-');
		}

	}

	private abstract static class Caller {

		static final String NOBODY = "nobody";

		final Value value;

		Caller(Value value) {
			this.value = value;
		}

		List<String> answers() {
			return new ArrayList<>(Stream.generate(this::call).limit(8).toList());
		}

		abstract String call();

	}

	private static final class RestClientCaller extends Caller {

		private final RestClient client;

		RestClientCaller(ConfigurableApplicationContext context, Value value) {
			super(value);
			this.client = context.getBean(RestClient.Builder.class).build();
		}

		@Override
		String call() {
			try {
				return String.valueOf(this.client.get()
					.uri("http://" + this.value + "/")
					.header("Cookie", "sc-lb-instance-id=two")
					.header("version", "2")
					.retrieve()
					.body(String.class));
			}
			catch (RuntimeException ex) {
				return NOBODY;
			}
		}

	}

	private static final class WebClientCaller extends Caller {

		private final WebClient client;

		WebClientCaller(ConfigurableApplicationContext context, Value value) {
			super(value);
			this.client = context.getBean("balancedWebClientBuilder", WebClient.Builder.class).build();
		}

		/**
		 * On a thread that must not be blocked.
		 */
		@Override
		String call() {
			return String.valueOf(Mono
				.defer(() -> this.client.get()
					.uri("http://" + this.value + "/")
					.cookie("sc-lb-instance-id", "two")
					.header("version", "2")
					.retrieve()
					.bodyToMono(String.class))
				.subscribeOn(Schedulers.parallel())
				.onErrorReturn(NOBODY)
				.block(Duration.ofSeconds(10)));
		}

	}

	@Configuration(proxyBeanMethods = false)
	@EnableAutoConfiguration
	static class Application {

		@Bean
		@LoadBalanced
		RestClient.Builder balancedRestClientBuilder() {
			return RestClient.builder();
		}

		@Bean
		@LoadBalanced
		WebClient.Builder balancedWebClientBuilder() {
			return WebClient.builder();
		}

		// What health checks are made with must not be balanced itself

		@Bean
		RestClient healthCheckRestClient() {
			// Reactor Netty's would refuse to wait on the threads that make the checks
			return RestClient.builder().requestFactory(new JdkClientHttpRequestFactory()).build();
		}

		@Bean
		@Primary
		WebClient.Builder healthCheckWebClientBuilder() {
			return WebClient.builder();
		}

	}

}
