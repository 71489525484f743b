package io.github.etcddiscovery.clients;

import java.time.Duration;
import java.util.EnumMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.function.Function;
import java.util.stream.IntStream;
import java.util.stream.Stream;

import io.github.etcddiscovery.testing.EtcdExtension;
import io.github.etcddiscovery.testing.HttpInstance;
import org.awaitility.core.ConditionFactory;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.extension.RegisterExtension;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

import org.springframework.cloud.client.discovery.DiscoveryClient;
import org.springframework.cloud.gateway.route.RouteLocator;
import org.springframework.context.ConfigurableApplicationContext;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

/**
 * Each client follows what is registered, and with the starter alone gets along with an
 * instance that has died, without doing anything twice that must be done once.
 */
@Timeout(180)
class ClientsIntegrationTests {

	@RegisterExtension
	static final EtcdExtension etcd = EtcdExtension.single();

	private static final Map<Application, ConfigurableApplicationContext> applications = new EnumMap<>(
			Application.class);

	private static final Map<Application, ConfigurableApplicationContext> withoutRetries = new EnumMap<>(
			Application.class);

	private HttpInstance one;

	private HttpInstance two;

	@BeforeEach
	void start() {
		this.one = new HttpInstance(etcd.admin(), "shop", "one");
		this.two = new HttpInstance(etcd.admin(), "shop", "two");
	}

	@AfterEach
	void end() {
		this.one.close();
		this.two.close();
	}

	@AfterAll
	static void close() {
		Stream.of(applications, withoutRetries)
			.flatMap((contexts) -> contexts.values().stream())
			.forEach(ConfigurableApplicationContext::close);
	}

	@ParameterizedTest
	@EnumSource
	void followsWhatIsRegistered(Client client) {
		ConfigurableApplicationContext context = application(client);
		this.one.register("UP");
		soon().until(() -> answers(client::get, context).equals(Set.of("one")));
		this.two.register("UP");
		soon().until(() -> answers(client::get, context).equals(Set.of("one", "two")));
		this.one.register("OUT_OF_SERVICE");
		soon().until(() -> answers(client::get, context).equals(Set.of("two")));
		this.one.register("UP");
		soon().until(() -> answers(client::get, context).equals(Set.of("one", "two")));
		this.two.deregister();
		soon().until(() -> answers(client::get, context).equals(Set.of("one")));
	}

	@ParameterizedTest
	@EnumSource
	void getsFromAnotherInstanceWhenOneHasCrashed(Client client) {
		ConfigurableApplicationContext context = application(client);
		registerBoth(context);
		soon().until(() -> answers(client::get, context).equals(Set.of("one", "two")));
		this.one.crash();
		ExecutorService threads = Executors.newFixedThreadPool(4);
		try {
			List<CompletableFuture<String>> answers = IntStream.range(0, 40)
				.mapToObj((number) -> CompletableFuture.supplyAsync(() -> client.get(context), threads))
				.toList();
			assertThat(answers).extracting(CompletableFuture::join).containsOnly("two");
		}
		finally {
			threads.shutdown();
		}
	}

	@ParameterizedTest
	@EnumSource
	void hearsTheGoodbyeInAnAnswer(Client client) {
		ConfigurableApplicationContext context = application(client);
		registerBoth(context);
		soon().until(() -> answers(client::get, context).equals(Set.of("one", "two")));
		this.one.leave();
		soon().until(() -> answers(client::get, context).equals(Set.of("two")));
	}

	@ParameterizedTest
	@EnumSource
	void getsFromAnotherInstanceWhenOneDoesNotAnswer(Client client) {
		ConfigurableApplicationContext context = application(client);
		this.one.setHangingUp(true);
		registerBoth(context);
		assertThat(answers(client::get, context)).containsExactly("two");
		assertThat(this.one.requests()).isNotEmpty();
	}

	@ParameterizedTest
	@EnumSource
	void postsToAnotherInstanceWhenTheConnectionWasNeverMade(Client client) {
		ConfigurableApplicationContext context = application(client);
		this.one.crash();
		registerBoth(context);
		assertThat(answers(client::post, context)).containsExactly("two");
		assertThat(this.two.requests()).hasSize(6);
	}

	/**
	 * The calls are at most four at a time, so that no more can meet the crash
	 * unprepared.
	 */
	@ParameterizedTest
	@EnumSource
	void hardlyAnyPostFailsWhenOneOfTwoCrashes(Client client) {
		assertThat(failuresAroundACrash(client, application(client))).isLessThanOrEqualTo(5);
	}

	/**
	 * Each of the four may lose the call that is under way, and may try to connect once
	 * before the first refusal is known. Without ejection, half of 150 calls would fail.
	 */
	@ParameterizedTest
	@EnumSource
	void ejectsWhatHasCrashedAlsoWhenRetriesAreSwitchedOff(Client client) {
		assertThat(failuresAroundACrash(client, withoutRetries(client))).isLessThanOrEqualTo(8);
	}

	private long failuresAroundACrash(Client client, ConfigurableApplicationContext context) {
		registerBoth(context);
		soon().until(() -> answers(client::get, context).equals(Set.of("one", "two")));
		ExecutorService threads = Executors.newFixedThreadPool(4);
		try {
			List<CompletableFuture<Boolean>> calls = IntStream.range(0, 200)
				.mapToObj((number) -> CompletableFuture.supplyAsync(() -> {
					if (number == 50) {
						this.one.crash();
					}
					return answers(1, client::post, context).stream().allMatch(Set.of("one", "two")::contains);
				}, threads))
				.toList();
			return calls.stream().filter((call) -> !call.join()).count();
		}
		finally {
			threads.shutdown();
		}
	}

	@ParameterizedTest
	@EnumSource
	void doesNotPostAgainWhatMayHaveBeenCarriedOut(Client client) {
		ConfigurableApplicationContext context = application(client);
		this.one.setHangingUp(true);
		this.two.setHangingUp(true);
		registerBoth(context);
		assertThat(answers(client::post, context)).doesNotContain("one", "two");
		assertThat(this.one.requests().size() + this.two.requests().size()).isEqualTo(6);
	}

	@ParameterizedTest
	@EnumSource
	void triesNothingAgainWhenRetriesAreSwitchedOff(Client client) {
		ConfigurableApplicationContext context = withoutRetries(client);
		this.one.setHangingUp(true);
		registerBoth(context);
		assertThat(answers(client::get, context)).contains("two").hasSizeGreaterThan(1);
		assertThat(answers(client::post, context)).contains("two").hasSizeGreaterThan(1);
		assertThat(this.two.requests()).hasSize(6);
	}

	private static ConfigurableApplicationContext withoutRetries(Client client) {
		return withoutRetries.computeIfAbsent(client.application(),
				(application) -> application.run(etcd.clientUrl(), "--spring.cloud.loadbalancer.retry.enabled=false"));
	}

	private static ConfigurableApplicationContext application(Client client) {
		return applications.computeIfAbsent(client.application(), (application) -> application.run(etcd.clientUrl()));
	}

	private void registerBoth(ConfigurableApplicationContext context) {
		this.one.register("UP");
		this.two.register("UP");
		DiscoveryClient discovery = context.getBean(DiscoveryClient.class);
		soon().until(() -> discovery.getInstances("shop")
			.stream()
			.mapToInt((instance) -> instance.getPort())
			.sum() == this.one.port() + this.two.port());
		// The routes of the reactive gateway's locator come a moment later
		context.getBeanProvider(RouteLocator.class)
			.ifAvailable((routes) -> soon().until(() -> Boolean.TRUE.equals(
					routes.getRoutes().any((route) -> route.getId().endsWith("_shop")).block(Duration.ofSeconds(5)))));
	}

	/**
	 * What six calls answered, or how they failed.
	 */
	private static Set<String> answers(Function<ConfigurableApplicationContext, String> call,
			ConfigurableApplicationContext context) {
		return answers(6, call, context);
	}

	private static Set<String> answers(int calls, Function<ConfigurableApplicationContext, String> call,
			ConfigurableApplicationContext context) {
		Set<String> answers = new HashSet<>();
		for (int i = 0; i < calls; i++) {
			try {
				answers.add(call.apply(context));
			}
			catch (RuntimeException ex) {
				answers.add(ex.getClass().getName());
			}
		}
		return answers;
	}

	/**
	 * Far sooner than a cache of 35 seconds would.
	 */
	private static ConditionFactory soon() {
		return await().atMost(Duration.ofSeconds(20)).pollDelay(Duration.ZERO).pollInterval(Duration.ofMillis(20));
	}

}
