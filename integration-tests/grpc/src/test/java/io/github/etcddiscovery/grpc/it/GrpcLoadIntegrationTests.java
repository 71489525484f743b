package io.github.etcddiscovery.grpc.it;

import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Queue;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;

import io.github.etcddiscovery.discovery.ServiceCatalog;
import io.github.etcddiscovery.grpc.GrpcDiscovery;
import io.github.etcddiscovery.testing.EtcdExtension;
import io.github.etcddiscovery.testing.JavaApplication;
import io.grpc.CallOptions;
import io.grpc.ManagedChannel;
import io.grpc.ManagedChannelBuilder;
import io.grpc.MethodDescriptor;
import io.grpc.Status;
import io.grpc.StatusRuntimeException;
import io.grpc.stub.ClientCalls;
import io.grpc.stub.StreamObserver;
import org.awaitility.Awaitility;
import org.awaitility.core.ConditionFactory;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.extension.RegisterExtension;

import org.springframework.boot.WebApplicationType;
import org.springframework.context.ConfigurableApplicationContext;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;

/**
 * What callers notice of servers that stop or crash while they call, and that what they
 * have configured stays.
 */
@Timeout(180)
class GrpcLoadIntegrationTests {

	@RegisterExtension
	static final EtcdExtension etcd = EtcdExtension.single();

	private static ConfigurableApplicationContext consumer;

	private static ManagedChannel channel;

	private final GrpcServer stays = new GrpcServer(etcd.admin(), "orders", "stays");

	@BeforeAll
	static void run() {
		consumer = Applications.consumer(etcd.clientUrl(), "discovery:///orders");
		channel = Applications.channel(consumer);
	}

	@AfterAll
	static void end() {
		consumer.close();
	}

	@AfterEach
	void stop() {
		this.stays.deregister();
		this.stays.close();
	}

	/**
	 * What says that it may be called twice is; of the rest only what was under way
	 * fails.
	 */
	@Test
	void aCrashFailsOnlyWhatWasUnderWayAndCannotBeRepeated() {
		this.stays.register("UP");
		try (JavaApplication crashes = JavaApplication.start(Applications.class, List.of(), etcd.clientUrl(),
				"--test.name=crashes")) {
			awaitInstances(2);
			Load reads = new Load(Echo.READ, 1);
			Load streams = new Load(Echo.STREAM, Echo.MESSAGES);
			Load others = new Load(Echo.WHO, 1);
			List<Load> loads = List.of(reads, streams, others);
			loads.forEach(Load::start);
			soon().until(() -> loads.stream().allMatch((load) -> load.isAnsweredBy("crashes")));
			crashes.kill();
			loads.forEach(Load::awaitMore);
			List<Integer> failed = loads.stream().map((load) -> load.failures.size()).toList();
			loads.forEach(Load::awaitMore);
			loads.forEach(Load::stop);
			assertThat(reads.failures).isEmpty();
			assertThat(others.failures).hasSizeLessThanOrEqualTo(Load.CALLERS);
			assertThat(streams.failures).hasSizeLessThanOrEqualTo(Load.CALLERS)
				.allSatisfy((failure) -> assertThat(failure).contains("UNAVAILABLE"));
			assertThat(loads).as("nothing fails after that")
				.extracting((load) -> load.failures.size())
				.isEqualTo(failed);
		}
		finally {
			etcd.admin().keys("services/orders/").forEach(etcd.admin()::delete);
		}
	}

	@Test
	void streamsAndCallsEndWellWhenTheirServerStops() {
		this.stays.register("UP");
		ConfigurableApplicationContext leaves = Applications.provider(WebApplicationType.NONE, etcd.clientUrl(),
				"--test.name=leaves");
		List<Load> loads = List.of(new Load(Echo.READ, 1), new Load(Echo.STREAM, Echo.MESSAGES), new Load(Echo.WHO, 1));
		try {
			awaitInstances(2);
			loads.forEach(Load::start);
			soon().until(() -> loads.stream().allMatch((load) -> load.isAnsweredBy("leaves")));
		}
		finally {
			leaves.close();
		}
		loads.forEach(Load::awaitMore);
		loads.forEach(Load::stop);
		assertThat(loads).allSatisfy((load) -> assertThat(load.failures).isEmpty());
	}

	@Test
	void theDeadlineOfTheCallerStays() {
		this.stays.register("UP");
		awaitInstances(1);
		long begun = System.nanoTime();
		assertThatExceptionOfType(StatusRuntimeException.class)
			.isThrownBy(() -> Echo.call(channel, Echo.NEVER,
					CallOptions.DEFAULT.withDeadlineAfter(500, TimeUnit.MILLISECONDS), ""))
			.satisfies((ex) -> assertThat(ex.getStatus().getCode()).isEqualTo(Status.Code.DEADLINE_EXCEEDED));
		assertThat(Duration.ofNanos(System.nanoTime() - begun)).isBetween(Duration.ofMillis(450),
				Duration.ofSeconds(5));
		assertThat(this.stays.echo().calls()).isEqualTo(1);
	}

	@Test
	void whatAServerAnswersIsNotRetried() {
		this.stays.register("UP");
		awaitInstances(1);
		assertThatExceptionOfType(StatusRuntimeException.class)
			.isThrownBy(() -> Echo.call(channel, Echo.FAIL, CallOptions.DEFAULT, "1"))
			.withMessageContaining("told to fail");
		assertThat(this.stays.echo().calls()).isEqualTo(1);
	}

	@Test
	void theRetryPolicyOfTheCallerStays() {
		this.stays.register("UP");
		awaitInstances(1);
		Map<String, ?> policy = Map.of("maxAttempts", 3.0, "initialBackoff", "0.01s", "maxBackoff", "0.1s",
				"backoffMultiplier", 1.0, "retryableStatusCodes", List.of("UNAVAILABLE"));
		ManagedChannel own = consumer.getBean(GrpcDiscovery.class)
			.configure(ManagedChannelBuilder.forTarget("etcd:///orders").usePlaintext())
			.defaultServiceConfig(
					Map.of("methodConfig", List.of(Map.of("name", List.of(Map.of()), "retryPolicy", policy))))
			.build();
		try {
			assertThat(Echo.call(own, Echo.FAIL, CallOptions.DEFAULT, "2")).isEqualTo("stays");
			assertThat(this.stays.echo().calls()).isEqualTo(3);
			assertThatExceptionOfType(StatusRuntimeException.class)
				.isThrownBy(() -> Echo.call(own, Echo.FAIL, CallOptions.DEFAULT, "1000"))
				.withMessageContaining("told to fail");
			assertThat(this.stays.echo().calls()).isEqualTo(6);
		}
		finally {
			own.shutdownNow();
		}
	}

	private static void awaitInstances(int count) {
		soon().until(() -> consumer.getBean(ServiceCatalog.class).grpcInstances("orders").size() == count);
	}

	private static ConditionFactory soon() {
		return Awaitility.await().atMost(Duration.ofSeconds(60)).pollInterval(Duration.ofMillis(20));
	}

	/**
	 * Callers that call again as soon as they are answered.
	 */
	private static final class Load {

		static final int CALLERS = 4;

		private static final int MANY = 40;

		private final MethodDescriptor<String, String> method;

		private final int messages;

		private final Queue<String> failures = new ConcurrentLinkedQueue<>();

		private final Queue<String> answers = new ConcurrentLinkedQueue<>();

		private final AtomicInteger running = new AtomicInteger();

		private volatile boolean over;

		Load(MethodDescriptor<String, String> method, int messages) {
			this.method = method;
			this.messages = messages;
		}

		void start() {
			for (int i = 0; i < CALLERS; i++) {
				this.running.incrementAndGet();
				call();
			}
		}

		private void call() {
			if (this.over) {
				this.running.decrementAndGet();
				return;
			}
			ClientCalls.asyncServerStreamingCall(
					channel.newCall(this.method, CallOptions.DEFAULT.withDeadlineAfter(30, TimeUnit.SECONDS)), "",
					new StreamObserver<String>() {

						private int count;

						private String name = "";

						@Override
						public void onNext(String name) {
							this.name = name;
							this.count++;
						}

						@Override
						public void onError(Throwable failure) {
							Load.this.failures.add(failure.toString());
							call();
						}

						@Override
						public void onCompleted() {
							if (this.count == Load.this.messages) {
								Load.this.answers.add(this.name);
							}
							else {
								Load.this.failures.add("ended after %d messages".formatted(this.count));
							}
							call();
						}

					});
		}

		boolean isAnsweredBy(String name) {
			return this.answers.contains(name);
		}

		void awaitMore() {
			int before = this.answers.size();
			soon().until(() -> this.answers.size() >= before + MANY);
		}

		void stop() {
			this.over = true;
			soon().until(() -> this.running.get() == 0);
		}

	}

}
