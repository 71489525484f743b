package io.github.etcddiscovery.grpc.it;

import java.io.IOException;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Map;
import java.util.Queue;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.Predicate;

import io.github.etcddiscovery.discovery.ServiceCatalog;
import io.github.etcddiscovery.grpc.GrpcDiscovery;
import io.github.etcddiscovery.testing.CertificateAuthority;
import io.github.etcddiscovery.testing.EtcdExtension;
import io.grpc.Grpc;
import io.grpc.ManagedChannel;
import io.grpc.ManagedChannelBuilder;
import io.grpc.Server;
import io.grpc.ServerServiceDefinition;
import io.grpc.StatusRuntimeException;
import io.grpc.TlsChannelCredentials;
import io.grpc.health.v1.HealthCheckRequest;
import io.grpc.health.v1.HealthCheckResponse.ServingStatus;
import io.grpc.health.v1.HealthGrpc;
import io.grpc.netty.NettyServerBuilder;
import org.awaitility.Awaitility;
import org.awaitility.core.ConditionFactory;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.extension.RegisterExtension;
import org.junit.jupiter.api.io.TempDir;

import org.springframework.boot.WebApplicationType;
import org.springframework.boot.availability.AvailabilityChangeEvent;
import org.springframework.boot.availability.ReadinessState;
import org.springframework.cloud.client.discovery.DiscoveryClient;
import org.springframework.context.ApplicationEventPublisher;
import org.springframework.context.ConfigurableApplicationContext;
import org.springframework.context.annotation.Bean;
import org.springframework.context.annotation.Configuration;
import org.springframework.context.annotation.Import;
import org.springframework.grpc.server.GrpcServerFactory;
import org.springframework.grpc.server.lifecycle.GrpcServerLifecycle;
import org.springframework.grpc.server.lifecycle.GrpcServerShutdownEvent;

import static org.assertj.core.api.Assertions.assertThat;

/**
 * What others see of an application with Spring's gRPC server.
 */
@Timeout(180)
class GrpcServerIntegrationTests {

	@RegisterExtension
	static final EtcdExtension etcd = EtcdExtension.single();

	@TempDir
	static Path directory;

	@Test
	void anApplicationWithoutAWebServerIsCalledAtItsPort() {
		try (ConfigurableApplicationContext provider = provider(WebApplicationType.NONE);
				ConfigurableApplicationContext consumer = Applications.consumer(etcd.clientUrl(),
						"discovery:///orders")) {
			int port = port(provider);
			await((value) -> value.contains("\"port\":" + port + ",\"scheme\":\"grpc\"")
					&& value.contains("\"gRPC_port\":\"" + port + "\""));
			soon().until(() -> answer(Applications.channel(consumer)).equals("orders"));
			assertThat(consumer.getBean(DiscoveryClient.class).getInstances("orders")).isEmpty();
		}
		assertThat(etcd.admin().keys("services/orders/")).isEmpty();
	}

	@Test
	void anApplicationWithAWebServerSaysThePortOfGrpcToo() {
		try (ConfigurableApplicationContext provider = provider(WebApplicationType.SERVLET)) {
			int web = provider.getEnvironment().getRequiredProperty("local.server.port", Integer.class);
			await((value) -> value.contains("\"port\":" + web + ",\"scheme\":\"http\"")
					&& value.contains("\"metadata\":{\"gRPC_port\":\"" + port(provider) + "\"}"));
		}
	}

	@Test
	void whatTheUserSaysOfThePortStays() {
		try (ConfigurableApplicationContext provider = provider(WebApplicationType.SERVLET,
				"--spring.cloud.etcd.discovery.metadata.gRPC_port=30090")) {
			await((value) -> value.contains("\"gRPC_port\":\"30090\""));
		}
	}

	@Test
	void writesThePortOfGrpcForGo() {
		try (ConfigurableApplicationContext provider = provider(WebApplicationType.SERVLET,
				"--spring.cloud.etcd.discovery.format=grpc")) {
			await((value) -> value.startsWith("{\"Op\":0,\"Addr\":\"127.0.0.1:" + port(provider) + "\""));
		}
	}

	/**
	 * Once stopped the server has another port, and until it listens nobody is to call.
	 */
	@Test
	void isRegisteredAnewWhenTheContextIsStartedAgain() {
		try (ConfigurableApplicationContext provider = provider(WebApplicationType.NONE)) {
			int first = port(provider);
			await((value) -> value.contains("\"port\":" + first + ","));
			provider.stop();
			assertThat(etcd.admin().keys("services/orders/")).isEmpty();
			provider.start();
			int second = port(provider);
			await((value) -> value.contains("\"port\":" + second + ","));
		}
	}

	@Test
	void saysGoodbyeAndDrainsBeforeTheServerStops() {
		try (ConfigurableApplicationContext consumer = Applications.consumer(etcd.clientUrl(), "discovery:///orders");
				ConfigurableApplicationContext one = provider(WebApplicationType.NONE, "--test.name=one")) {
			ManagedChannel channel = Applications.channel(consumer);
			ConfigurableApplicationContext two = provider(WebApplicationType.NONE, "--test.name=two");
			soon().until(() -> answer(channel).equals("two"));
			Queue<String> failures = new ConcurrentLinkedQueue<>();
			AtomicInteger calls = new AtomicInteger();
			AtomicBoolean over = new AtomicBoolean();
			AtomicBoolean known = new AtomicBoolean();
			two.addApplicationListener((event) -> {
				if (event instanceof GrpcServerShutdownEvent) {
					known.set(consumer.getBean(ServiceCatalog.class).grpcInstances("orders").size() == 1);
				}
			});
			Thread caller = new Thread(() -> {
				while (!over.get()) {
					try {
						Echo.call(channel);
						calls.incrementAndGet();
					}
					catch (StatusRuntimeException ex) {
						failures.add(ex.toString());
					}
				}
			});
			caller.start();
			try {
				two.close();
			}
			finally {
				over.set(true);
			}
			soon().until(() -> !caller.isAlive());
			assertThat(known).as("told before the server stopped").isTrue();
			assertThat(failures).isEmpty();
			assertThat(calls).hasPositiveValue();
			soon().until(() -> answer(channel).equals("one"));
		}
	}

	@Test
	void theHealthServiceFollowsReadiness() {
		try (ConfigurableApplicationContext provider = provider(WebApplicationType.NONE,
				"--spring.grpc.server.health.enabled=true")) {
			ManagedChannel channel = ManagedChannelBuilder.forAddress("127.0.0.1", port(provider))
				.usePlaintext()
				.build();
			soon().until(() -> health(channel) == ServingStatus.SERVING);
			AvailabilityChangeEvent.publish((ApplicationEventPublisher) provider, provider,
					ReadinessState.REFUSING_TRAFFIC);
			assertThat(health(channel)).isEqualTo(ServingStatus.NOT_SERVING);
			AvailabilityChangeEvent.publish((ApplicationEventPublisher) provider, provider,
					ReadinessState.ACCEPTING_TRAFFIC);
			assertThat(health(channel)).isEqualTo(ServingStatus.SERVING);
			AtomicBoolean told = new AtomicBoolean();
			provider.addApplicationListener((event) -> {
				if (event instanceof GrpcServerShutdownEvent) {
					told.set(health(channel) == ServingStatus.NOT_SERVING);
				}
			});
			provider.close();
			assertThat(told).isTrue();
			channel.shutdownNow();
		}
	}

	/**
	 * Whatever of actuator's health is mapped to it. Spring gRPC for Boot 4.0 and Boot
	 * 4.1 say it differently.
	 */
	@Test
	void theHealthOfActuatorDoesNotContradictReadiness() {
		try (ConfigurableApplicationContext provider = provider(WebApplicationType.NONE,
				"--management.endpoint.health.probes.enabled=false", "--spring.cloud.etcd.discovery.drain=1s",
				"--spring.grpc.server.health.enabled=true",
				"--spring.grpc.server.health.actuator.health-indicator-paths=ping",
				"--spring.grpc.server.health.actuator.update-initial-delay=0s",
				"--spring.grpc.server.health.actuator.update-rate=50ms",
				"--spring.grpc.server.health.schedule.delay=0s", "--spring.grpc.server.health.schedule.period=50ms")) {
			ManagedChannel channel = ManagedChannelBuilder.forAddress("127.0.0.1", port(provider))
				.usePlaintext()
				.build();
			soon().until(() -> health(channel) == ServingStatus.SERVING);
			AvailabilityChangeEvent.publish((ApplicationEventPublisher) provider, provider,
					ReadinessState.REFUSING_TRAFFIC);
			staysNotServing(channel);
			AvailabilityChangeEvent.publish((ApplicationEventPublisher) provider, provider,
					ReadinessState.ACCEPTING_TRAFFIC);
			assertThat(health(channel)).isEqualTo(ServingStatus.SERVING);
			AtomicBoolean told = new AtomicBoolean();
			provider.addApplicationListener((event) -> {
				if (event instanceof GrpcServerShutdownEvent) {
					told.set(health(channel) == ServingStatus.NOT_SERVING);
				}
			});
			provider.stop();
			assertThat(told).isTrue();
			channel.shutdownNow();
			provider.start();
			ManagedChannel another = ManagedChannelBuilder.forAddress("127.0.0.1", port(provider))
				.usePlaintext()
				.build();
			assertThat(health(another)).isEqualTo(ServingStatus.SERVING);
			another.shutdownNow();
		}
	}

	private static void staysNotServing(ManagedChannel channel) {
		Awaitility.await()
			.during(Duration.ofMillis(500))
			.atMost(Duration.ofSeconds(20))
			.until(() -> health(channel) == ServingStatus.NOT_SERVING);
	}

	@Test
	void isRegisteredAtTheAddressThatGrpcListensOn() {
		try (ConfigurableApplicationContext provider = listening("127.0.0.1", WebApplicationType.NONE)) {
			await((value) -> value.contains("\"host\":\"127.0.0.1\",\"port\":" + port(provider) + ",")
					&& value.contains("\"gRPC_port\":\"" + port(provider) + "\""));
		}
	}

	@Test
	void saysWhereGrpcIsWhenTheWebServerListensElsewhere() {
		try (ConfigurableApplicationContext provider = listening("127.0.0.2", WebApplicationType.SERVLET);
				ConfigurableApplicationContext consumer = Applications.consumer(etcd.clientUrl(),
						"discovery:///orders")) {
			await((value) -> value.contains("\"host\":\"127.0.0.1\",")
					&& value.contains("\"grpc\":\"127.0.0.2:" + port(provider) + "\"") && !value.contains("gRPC_port"));
			soon().until(() -> answer(Applications.channel(consumer)).equals("orders"));
		}
	}

	private static ConfigurableApplicationContext listening(String address, WebApplicationType type) {
		return Applications.run(Applications.Provider.class, type, etcd.clientUrl(),
				Map.of("spring.application.name", "orders", Applications.LISTEN_ADDRESS, address));
	}

	@Test
	void tellsServersApart() {
		try (ConfigurableApplicationContext provider = Applications.run(SeveralServers.class,
				WebApplicationType.SERVLET, etcd.clientUrl(), Map.of("spring.application.name", "orders"),
				"--spring.cloud.etcd.discovery.ip-address=127.0.0.1", "--spring.grpc.server.inprocess.name=inside")) {
			int main = provider.getBean("nettyGrpcServerLifecycle", GrpcServerLifecycle.class).getPort();
			int admin = provider.getBean("adminServer", GrpcServerLifecycle.class).getPort();
			assertThat(provider.getBeansOfType(GrpcServerLifecycle.class)).hasSizeGreaterThan(1);
			await((value) -> value
				.contains("{\"gRPC_port\":\"" + main + "\",\"gRPC_port.adminServer\":\"" + admin + "\"}"));
		}
	}

	@Test
	void aServerWithinTheProcessIsNotRegistered() {
		try (ConfigurableApplicationContext provider = provider(WebApplicationType.SERVLET,
				"--spring.grpc.server.inprocess.name=inside", "--spring.grpc.server.inprocess.exclusive=true",
				"--spring.grpc.server.factory.enabled=false", "--spring.grpc.server.netty.enabled=false")) {
			boolean network = provider.getBeansOfType(GrpcServerLifecycle.class)
				.values()
				.stream()
				.anyMatch((server) -> server.getPort() > 0);
			await((value) -> value.contains("gRPC_port") == network);
		}
	}

	@Test
	void saysThatTheServerSpeaksTls() throws IOException {
		CertificateAuthority authority = new CertificateAuthority(directory, "authority");
		CertificateAuthority.Issued server = authority.server("127.0.0.1");
		try (ConfigurableApplicationContext provider = provider(WebApplicationType.NONE,
				"--spring.ssl.bundle.pem.grpc.keystore.certificate=" + server.certificate(),
				"--spring.ssl.bundle.pem.grpc.keystore.private-key=" + server.key(),
				"--spring.grpc.server.ssl.bundle=grpc");
				ConfigurableApplicationContext consumer = Applications.consumer(etcd.clientUrl(), "etcd:///none")) {
			await((value) -> value.contains("\"scheme\":\"grpcs\"") && value.contains("\"gRPC_secure\":\"true\""));
			ManagedChannel channel = consumer.getBean(GrpcDiscovery.class)
				.configure(Grpc.newChannelBuilder("etcd:///orders",
						TlsChannelCredentials.newBuilder().trustManager(authority.certificate().toFile()).build()))
				.overrideAuthority("127.0.0.1")
				.build();
			soon().until(() -> answer(channel).equals("orders"));
			channel.shutdownNow();
		}
	}

	private static ConfigurableApplicationContext provider(WebApplicationType type, String... arguments) {
		return Applications.provider(type, etcd.clientUrl(), arguments);
	}

	private static int port(ConfigurableApplicationContext provider) {
		return provider.getBean("nettyGrpcServerLifecycle", GrpcServerLifecycle.class).getPort();
	}

	private static String answer(ManagedChannel channel) {
		try {
			return Echo.call(channel);
		}
		catch (StatusRuntimeException ex) {
			return ex.toString();
		}
	}

	private static ServingStatus health(ManagedChannel channel) {
		return HealthGrpc.newBlockingStub(channel).check(HealthCheckRequest.getDefaultInstance()).getStatus();
	}

	/**
	 * Waits for what stands in etcd.
	 */
	private static void await(Predicate<String> expected) {
		soon().untilAsserted(
				() -> assertThat(etcd.admin().values("services/orders/").values()).singleElement().matches(expected));
	}

	private static ConditionFactory soon() {
		return Awaitility.await().atMost(Duration.ofSeconds(20));
	}

	@Configuration(proxyBeanMethods = false)
	@Import(Applications.Provider.class)
	static class SeveralServers {

		@Bean
		GrpcServerLifecycle adminServer(ApplicationEventPublisher publisher) {
			return new GrpcServerLifecycle(new AdminServerFactory(), Duration.ofSeconds(1), publisher);
		}

	}

	private static final class AdminServerFactory implements GrpcServerFactory {

		@Override
		public Server createServer() {
			return NettyServerBuilder.forPort(0).addService(new Echo("admin")).build();
		}

		@Override
		public void addService(ServerServiceDefinition service) {
		}

	}

}
