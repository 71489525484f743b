package io.github.etcddiscovery.grpc.it;

import java.net.URI;
import java.time.Duration;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import java.util.concurrent.TimeUnit;
import java.util.stream.IntStream;

import io.github.etcddiscovery.actuate.EtcdDiscoveryEndpoint;
import io.github.etcddiscovery.discovery.ServiceCatalog;
import io.github.etcddiscovery.grpc.EtcdNameResolverProvider;
import io.github.etcddiscovery.grpc.GrpcAttributes;
import io.github.etcddiscovery.grpc.GrpcDiscovery;
import io.github.etcddiscovery.testing.EtcdExtension;
import io.grpc.Attributes;
import io.grpc.ConnectivityState;
import io.grpc.EquivalentAddressGroup;
import io.grpc.LoadBalancer;
import io.grpc.LoadBalancerProvider;
import io.grpc.LoadBalancerRegistry;
import io.grpc.ManagedChannel;
import io.grpc.ManagedChannelBuilder;
import io.grpc.Status;
import io.grpc.StatusRuntimeException;
import org.awaitility.core.ConditionFactory;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.extension.RegisterExtension;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

import org.springframework.boot.actuate.endpoint.Sanitizer;
import org.springframework.cloud.client.discovery.DiscoveryClient;
import org.springframework.context.ConfigurableApplicationContext;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;
import static org.awaitility.Awaitility.await;

/**
 * What a user of a channel notices.
 */
@Timeout(180)
class GrpcChannelIntegrationTests {

	@RegisterExtension
	static final EtcdExtension etcd = EtcdExtension.single();

	private static ConfigurableApplicationContext consumer;

	private static ManagedChannel channel;

	private GrpcServer one;

	private GrpcServer two;

	@BeforeAll
	static void run() {
		consumer = Applications.consumer(etcd.clientUrl(), "discovery:///orders",
				"--management.endpoints.web.exposure.include=*");
		channel = Applications.channel(consumer);
	}

	@AfterAll
	static void close() {
		consumer.close();
		assertThat(channel.isTerminated()).isTrue();
	}

	@BeforeEach
	void start() {
		this.one = new GrpcServer(etcd.admin(), "orders", "one");
		this.two = new GrpcServer(etcd.admin(), "orders", "two");
	}

	@AfterEach
	void stop() {
		this.one.close();
		this.two.close();
	}

	@Test
	void followsWhatIsRegisteredAndCallsInTurn() {
		this.one.register("UP");
		soon().until(() -> answers(channel).equals(Set.of("one")));
		this.two.register("UP");
		soon().until(() -> answers(channel).equals(Set.of("one", "two")));
		this.one.register("OUT_OF_SERVICE");
		soon().until(() -> answers(channel).equals(Set.of("two")));
		this.one.register("UP");
		soon().until(() -> answers(channel).equals(Set.of("one", "two")));
		this.two.deregister();
		soon().until(() -> answers(channel).equals(Set.of("one")));
	}

	@Test
	void saysWhyNobodyCanBeCalledAndCallsWhoComes() {
		soon()
			.untilAsserted(() -> assertUnavailable(channel, "No instance of 'orders' is registered below 'services'"));
		this.one.register("STARTING");
		soon().untilAsserted(() -> assertUnavailable(channel, "None of the 1 instances of 'orders' is UP"));
		this.one.register("UP", "\"gRPC_port\":\"abc\"");
		soon().untilAsserted(() -> assertUnavailable(channel,
				"No instance of 'orders' can be called: of 'one' the metadata 'gRPC_port' is 'abc' and not a port"));
		this.one.register("UP");
		await().atMost(Duration.ofSeconds(2)).until(() -> answers(channel).equals(Set.of("one")));
		this.one.register("OUT_OF_SERVICE");
		soon().untilAsserted(() -> assertUnavailable(channel, "None of the 1 instances of 'orders' is UP"));
	}

	@Test
	void callsThePortOfGrpcAndHttpDoesNot() {
		this.one
			.put("{\"host\":\"127.0.0.1\",\"port\":1,\"metadata\":{\"gRPC_port\":\"%d\"}}".formatted(this.one.port()));
		soon().until(() -> answers(channel).equals(Set.of("one")));
		assertThat(http()).containsExactly(URI.create("http://127.0.0.1:1"));
		this.one.put("{\"id\":\"one\",\"name\":\"orders\",\"version\":\"\",\"metadata\":null,\"endpoints\":"
			.concat("[\"http://127.0.0.1:1\",\"grpc://127.0.0.1:%d\"]}".formatted(this.one.port())));
		this.two.put("{\"id\":\"two\",\"name\":\"orders\",\"version\":\"\",\"metadata\":null,\"endpoints\":"
			.concat("[\"grpc://localhost:%d\"]}".formatted(this.two.port())));
		soon().until(() -> answers(channel).equals(Set.of("one", "two")));
		assertThat(http()).containsExactly(URI.create("http://127.0.0.1:1"));
		assertThat(consumer.getBean(ServiceCatalog.class).registeredInstances("orders")).hasSize(2);
	}

	@Test
	void goesOnWhileEtcdIsAway() {
		this.one.register("UP");
		this.two.register("UP");
		soon().until(() -> answers(channel).equals(Set.of("one", "two")));
		etcd.cluster().pause();
		try {
			assertThat(answers(channel)).containsExactlyInAnyOrder("one", "two");
			ManagedChannel late = configured(consumer, "etcd:///orders").build();
			assertThat(answers(late)).isSubsetOf("one", "two").isNotEmpty();
			late.shutdownNow();
			this.one.close();
			soon().until(() -> answers(channel).equals(Set.of("two")));
		}
		finally {
			etcd.cluster().resume();
		}
	}

	@ParameterizedTest
	@ValueSource(strings = { "discovery:///orders", "etcd:///orders" })
	void aChannelOfTheApplicationsOwnFollowsToo(String target) {
		this.one.register("UP");
		this.two.register("UP");
		ManagedChannel own = configured(consumer, target).build();
		soon().until(() -> answers(own).equals(Set.of("one", "two")));
		EtcdDiscoveryEndpoint endpoint = new EtcdDiscoveryEndpoint(consumer.getBean(ServiceCatalog.class), null, null,
				new Sanitizer());
		assertThat(endpoint.discovery().channels().get("orders")).contains(target);
		own.shutdownNow();
		soon().untilAsserted(() -> assertThat(endpoint.discovery().channels().getOrDefault("orders", List.of()))
			.doesNotContain(target));
	}

	@Test
	void showsWhichChannelFollowsWhichService() {
		this.one.register("UP");
		soon().until(() -> answers(channel).equals(Set.of("one")));
		assertThat(consumer.getBean(ServiceCatalog.class).followers().get("orders"))
			.contains("orders (discovery:///orders)");
	}

	@Test
	void keepsThePolicyThatTheUserHasChosen() {
		this.one.register("UP");
		this.two.register("UP");
		ManagedChannel own = configured(consumer, "etcd:///orders").defaultLoadBalancingPolicy("pick_first").build();
		soon().until(() -> consumer.getBean(ServiceCatalog.class).grpcInstances("orders").size() == 2);
		assertThat(answers(own)).hasSize(1);
		own.shutdownNow();
		try (ConfigurableApplicationContext other = Applications.consumer(etcd.clientUrl(), "etcd:///orders",
				"--spring.grpc.client.channels.orders.default-load-balancing-policy=pick_first",
				"--spring.grpc.client.channel.orders.default.load-balancing-policy=pick_first")) {
			soon().until(() -> other.getBean(ServiceCatalog.class).grpcInstances("orders").size() == 2);
			assertThat(answers(Applications.channel(other))).hasSize(1);
		}
	}

	@Test
	void twoContextsFollowEachItsOwn() {
		etcd.admin().put("other/orders/two", "127.0.0.1:" + this.two.port());
		this.one.register("UP");
		try (ConfigurableApplicationContext other = Applications.consumer(etcd.clientUrl(), "discovery:///orders",
				"--spring.cloud.etcd.discovery.prefix=other")) {
			soon().until(() -> answers(Applications.channel(other)).equals(Set.of("two")));
			soon().until(() -> answers(channel).equals(Set.of("one")));
			assertThat(other.getBean(ServiceCatalog.class).followers()).isNotEmpty();
			ServiceCatalog catalog = other.getBean(ServiceCatalog.class);
			other.close();
			assertThat(catalog.followers()).isEmpty();
		}
		assertThat(answers(channel)).containsExactly("one");
	}

	@Test
	void aServiceThatAChannelFollowsIsFollowedOn() {
		try (ConfigurableApplicationContext other = Applications.consumer(etcd.clientUrl(), "discovery:///orders",
				"--spring.cloud.etcd.discovery.watch-scope=service",
				"--spring.cloud.etcd.discovery.watch-idle-timeout=1s")) {
			ManagedChannel own = Applications.channel(other);
			this.one.register("UP");
			soon().until(() -> answers(own).equals(Set.of("one")));
			await().during(Duration.ofSeconds(4)).until(() -> answers(own).equals(Set.of("one")));
			this.two.register("UP");
			soon().until(() -> answers(own).equals(Set.of("one", "two")));
		}
	}

	@Test
	void whoForgotToConfigureAChannelIsTold() {
		ManagedChannel own = ManagedChannelBuilder.forTarget("discovery:///orders").usePlaintext().build();
		assertUnavailable(own, "The channel of 'discovery:///orders' does not know which catalog to follow: "
				+ "pass its builder to configure() of the bean GrpcDiscovery");
		own.shutdownNow();
		assertThatIllegalArgumentException().isThrownBy(() -> configured(consumer, "discovery://orders").build())
			.withMessageContaining("it has to be discovery:///<service>");
	}

	@Test
	void aPolicyCanReadZoneAndWeight() {
		RecordingPolicy policy = new RecordingPolicy();
		LoadBalancerRegistry.getDefaultRegistry().register(policy);
		try {
			this.one.register("UP", "\"zone\":\"a\",\"weight\":\"3\"");
			soon().until(() -> consumer.getBean(ServiceCatalog.class).grpcInstances("orders").size() == 1);
			ManagedChannel own = configured(consumer, "etcd:///orders").defaultLoadBalancingPolicy("recording").build();
			own.getState(true);
			soon().until(() -> policy.attributes != null);
			assertThat(policy.attributes.get(GrpcAttributes.ZONE)).isEqualTo("a");
			assertThat(policy.attributes.get(GrpcAttributes.WEIGHT)).isEqualTo(3);
			assertThat(policy.attributes.get(GrpcAttributes.INSTANCE).getInstanceId()).isEqualTo("one");
			own.shutdownNow();
		}
		finally {
			LoadBalancerRegistry.getDefaultRegistry().deregister(policy);
		}
	}

	@Test
	void gRpcFindsBothSchemes() {
		assertThat(new EtcdNameResolverProvider().getScheme()).isEqualTo("etcd");
		assertThat(new EtcdNameResolverProvider.Discovery().getScheme()).isEqualTo("discovery");
	}

	private static ManagedChannelBuilder<?> configured(ConfigurableApplicationContext context, String target) {
		return context.getBean(GrpcDiscovery.class).configure(ManagedChannelBuilder.forTarget(target).usePlaintext());
	}

	private static List<URI> http() {
		return consumer.getBean(DiscoveryClient.class)
			.getInstances("orders")
			.stream()
			.map((instance) -> instance.getUri())
			.toList();
	}

	private static Set<String> answers(ManagedChannel channel) {
		Set<String> answers = new HashSet<>();
		IntStream.range(0, 6).forEach((i) -> {
			try {
				answers.add(Echo.call(channel));
			}
			catch (StatusRuntimeException ex) {
				answers.add(ex.getStatus().toString());
			}
		});
		return answers;
	}

	private static void assertUnavailable(ManagedChannel channel, String sentence) {
		assertThatExceptionOfType(StatusRuntimeException.class).isThrownBy(() -> Echo.call(channel)).satisfies((ex) -> {
			assertThat(ex.getStatus().getCode()).isEqualTo(Status.Code.UNAVAILABLE);
			assertThat(ex.getStatus().getDescription()).contains(sentence);
		});
	}

	private static ConditionFactory soon() {
		return await().atMost(20, TimeUnit.SECONDS);
	}

	/**
	 * Takes note of what it is given, and calls nobody.
	 */
	private static final class RecordingPolicy extends LoadBalancerProvider {

		private volatile Attributes attributes;

		@Override
		public boolean isAvailable() {
			return true;
		}

		@Override
		public int getPriority() {
			return 5;
		}

		@Override
		public String getPolicyName() {
			return "recording";
		}

		@Override
		public LoadBalancer newLoadBalancer(LoadBalancer.Helper helper) {
			return new LoadBalancer() {

				@Override
				public Status acceptResolvedAddresses(ResolvedAddresses addresses) {
					EquivalentAddressGroup group = addresses.getAddresses().get(0);
					RecordingPolicy.this.attributes = group.getAttributes();
					helper.updateBalancingState(ConnectivityState.CONNECTING,
							new FixedResultPicker(PickResult.withNoResult()));
					return Status.OK;
				}

				@Override
				public void handleNameResolutionError(Status error) {
				}

				@Override
				public void shutdown() {
				}

			};
		}

	}

}
