package io.github.etcddiscovery.go;

import java.net.InetSocketAddress;
import java.net.URI;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;

import io.github.etcddiscovery.discovery.ServiceCatalog;
import io.github.etcddiscovery.grpc.GrpcDiscovery;
import io.github.etcddiscovery.instance.GrpcEndpoint;
import io.github.etcddiscovery.testing.EtcdExtension;
import io.github.etcddiscovery.testing.FreePorts;
import io.github.etcddiscovery.testing.JavaApplication;
import io.grpc.CallOptions;
import io.grpc.Channel;
import io.grpc.ClientCall;
import io.grpc.ClientInterceptor;
import io.grpc.ForwardingClientCall.SimpleForwardingClientCall;
import io.grpc.ForwardingClientCallListener.SimpleForwardingClientCallListener;
import io.grpc.Grpc;
import io.grpc.ManagedChannel;
import io.grpc.ManagedChannelBuilder;
import io.grpc.Metadata;
import io.grpc.MethodDescriptor;
import io.grpc.StatusRuntimeException;
import io.grpc.health.v1.HealthCheckRequest;
import io.grpc.health.v1.HealthGrpc;
import org.awaitility.Awaitility;
import org.awaitility.core.ConditionFactory;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.extension.RegisterExtension;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import tools.jackson.databind.json.JsonMapper;

import org.springframework.context.ConfigurableApplicationContext;

import static org.assertj.core.api.Assertions.assertThat;

/**
 * Calls by gRPC between Java and Go, both ways, while their servers leave and crash.
 */
@Timeout(180)
class GoGrpcIntegrationTests {

	private static final int CALLERS = 4;

	@RegisterExtension
	static final EtcdExtension etcd = EtcdExtension.single();

	@RegisterExtension
	final Go go = new Go();

	@RegisterExtension
	final JavaApplications java = new JavaApplications();

	/**
	 * The port that is registered for HTTP is one where nobody listens.
	 */
	@ParameterizedTest
	@ValueSource(strings = { "grpc", "go-zero" })
	void goCallsJavaWhileItLeavesAndCrashes(String format) {
		try (JavaApplication crashes = JavaApplications.serveElsewhere(etcd.clientUrl(),
				properties(format, "crashes"))) {
			ConfigurableApplicationContext stays = this.java.serve(etcd.clientUrl(), properties(format, "stays"));
			ConfigurableApplicationContext leaves = this.java.serve(etcd.clientUrl(), properties(format, "leaves"));
			ConfigurableApplicationContext consumer = this.java.run(etcd.clientUrl(), "register=false");
			ServiceCatalog catalog = consumer.getBean(ServiceCatalog.class);
			soon().until(() -> catalog.grpcInstances("orders").size() == 3);
			Set<String> addresses = new TreeSet<>(catalog.grpcInstances("orders")
				.stream()
				.map(GrpcEndpoint::of)
				.map((endpoint) -> endpoint.host() + ":" + endpoint.port())
				.toList());
			assertThat(addresses).contains(JavaApplications.grpcAddress(stays), JavaApplications.grpcAddress(leaves));
			Peer caller = format.equals("grpc") ? this.go.run("naming-call", etcd.clientUrl(), "services-grpc/orders")
					: this.go.run("gozero-call", endpoint(), "services-go-zero/orders");
			soon().untilAsserted(() -> assertThat(answers(caller)).isEqualTo(addresses));
			caller.tell("load");
			awaitMore(caller);
			addresses.remove(JavaApplications.grpcAddress(leaves));
			leaves.close();
			assertThat(awaitMore(caller)).as("failed while one has left").isZero();
			assertThat(answers(caller)).isEqualTo(addresses);
			crashes.kill();
			int failed = awaitMore(caller);
			assertThat(failed).isLessThanOrEqualTo(CALLERS);
			soon().until(() -> catalog.registeredInstances("orders").size() == 1);
			assertThat(awaitMore(caller)).as("failed later").isEqualTo(failed);
			assertThat(answers(caller)).containsExactly(JavaApplications.grpcAddress(stays));
		}
	}

	@ParameterizedTest
	@ValueSource(strings = { "naming", "gozero" })
	void javaCallsGoWhileItLeavesAndCrashes(String kind) {
		List<String> addresses = new ArrayList<>();
		List<Peer> peers = new ArrayList<>();
		for (int i = 0; i < 3; i++) {
			addresses.add("127.0.0.1:" + FreePorts.next());
			peers.add(kind.equals("naming")
					? this.go.run("naming-serve", etcd.clientUrl(), "services-grpc/users", addresses.get(i))
					: this.go.run("gozero-serve", endpoint(), "user.rpc", addresses.get(i)));
		}
		ConfigurableApplicationContext consumer = this.java.run(etcd.clientUrl(), "register=false",
				kind.equals("naming") ? "additional-prefixes=services-grpc" : "services.users.key=user.rpc");
		ManagedChannel channel = consumer.getBean(GrpcDiscovery.class)
			.configure(ManagedChannelBuilder.forTarget("discovery:///users").usePlaintext())
			.build();
		try (Load load = new Load(channel)) {
			soon().until(() -> load.lastAnswers().equals(Set.copyOf(addresses)));
			int early = load.failed.get();
			assertThat(peers.get(0).tell("leave")).isEqualTo("leave");
			soon().until(() -> load.lastAnswers().equals(Set.of(addresses.get(1), addresses.get(2))));
			assertThat(load.failed).as("failed while one has left").hasValue(early);
			peers.get(1).kill();
			soon().until(() -> load.lastAnswers().equals(Set.of(addresses.get(2))));
			assertThat(load.failed.get() - early).isLessThanOrEqualTo(CALLERS);
			int failed = load.failed.get();
			soon().until(() -> consumer.getBean(ServiceCatalog.class).registeredInstances("users").size() == 1);
			assertThat(load.lastAnswers()).containsExactly(addresses.get(2));
			assertThat(load.failed).as("failed later").hasValue(failed);
		}
		finally {
			channel.shutdownNow();
		}
	}

	private static String[] properties(String format, String instanceId) {
		return new String[] { "format=json," + format, "instance-id=" + instanceId, "port=" + FreePorts.next(),
				"ttl=3s" };
	}

	/**
	 * As go-zero's configuration has it.
	 */
	private static String endpoint() {
		return URI.create(etcd.clientUrl()).getAuthority();
	}

	private static Set<String> answers(Peer caller) {
		return new TreeSet<>(JsonMapper.shared().readTree(caller.tell("call")).propertyNames());
	}

	/**
	 * Wait until many more calls have been answered.
	 * @return how many have failed since the load began
	 */
	private static int awaitMore(Peer caller) {
		long before = Long.parseLong(caller.tell("count").split(" ")[0]);
		soon().until(() -> Long.parseLong(caller.tell("count").split(" ")[0]) > before + 100);
		return Integer.parseInt(caller.tell("count").split(" ")[1]);
	}

	private static ConditionFactory soon() {
		return Awaitility.await().atMost(Duration.ofSeconds(30)).pollInterval(Duration.ofMillis(50));
	}

	/**
	 * Callers that call again as soon as they are answered.
	 */
	private static final class Load implements AutoCloseable {

		private static final int MANY = 30;

		private final AtomicInteger failed = new AtomicInteger();

		/**
		 * Of each caller.
		 */
		private final Map<Thread, List<String>> answers = new ConcurrentHashMap<>();

		private volatile boolean over;

		Load(Channel channel) {
			for (int i = 0; i < CALLERS; i++) {
				Thread thread = new Thread(() -> call(channel), "caller-" + i);
				thread.setDaemon(true);
				thread.start();
			}
		}

		private void call(Channel channel) {
			WhoAnswers who = new WhoAnswers();
			HealthGrpc.HealthBlockingStub stub = HealthGrpc.newBlockingStub(channel).withInterceptors(who);
			List<String> answers = new ArrayList<>();
			while (!this.over) {
				try {
					stub.withDeadlineAfter(3, TimeUnit.SECONDS).check(HealthCheckRequest.getDefaultInstance());
					answers.add(who.address());
				}
				catch (StatusRuntimeException ex) {
					this.failed.incrementAndGet();
				}
				if (answers.size() == MANY) {
					this.answers.put(Thread.currentThread(), List.copyOf(answers));
					answers.clear();
				}
			}
		}

		/**
		 * Who has answered the callers in turns that have begun and ended since.
		 */
		Set<String> lastAnswers() {
			for (int i = 0; i < 2; i++) {
				this.answers.clear();
				soon().until(() -> this.answers.size() == CALLERS);
			}
			Set<String> all = new TreeSet<>();
			this.answers.values().forEach(all::addAll);
			return all;
		}

		@Override
		public void close() {
			this.over = true;
		}

	}

	/**
	 * Notes where an answer comes from. For one caller.
	 */
	private static final class WhoAnswers implements ClientInterceptor {

		private volatile String address = "";

		String address() {
			return this.address;
		}

		@Override
		public <Q, A> ClientCall<Q, A> interceptCall(MethodDescriptor<Q, A> method, CallOptions options, Channel next) {
			return new SimpleForwardingClientCall<>(next.newCall(method, options)) {

				@Override
				public void start(Listener<A> listener, Metadata headers) {
					super.start(new SimpleForwardingClientCallListener<>(listener) {

						@Override
						public void onHeaders(Metadata headers) {
							InetSocketAddress remote = (InetSocketAddress) getAttributes()
								.get(Grpc.TRANSPORT_ATTR_REMOTE_ADDR);
							WhoAnswers.this.address = remote.getAddress().getHostAddress() + ":" + remote.getPort();
							super.onHeaders(headers);
						}

					}, headers);
				}

			};
		}

	}

}
