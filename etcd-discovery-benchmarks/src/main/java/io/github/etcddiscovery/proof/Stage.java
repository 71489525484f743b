package io.github.etcddiscovery.proof;

import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.Callable;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import java.util.function.Consumer;

import io.github.etcddiscovery.discovery.EtcdDiscoveryClient;
import io.github.etcddiscovery.testing.EtcdCluster;
import io.github.etcddiscovery.testing.JavaApplication;
import org.awaitility.Awaitility;

import org.springframework.boot.Banner;
import org.springframework.boot.WebApplicationType;
import org.springframework.boot.builder.SpringApplicationBuilder;
import org.springframework.context.ConfigurableApplicationContext;

/**
 * What a scenario is played on: an etcd, the instances of one service, each in a JVM of
 * its own, and a caller under constant load.
 */
final class Stage implements AutoCloseable {

	private static final int WARM_UP_CALLS = 300;

	private static final int SECONDS_TO_START = 120;

	private static final int LOG_TAIL = 2_000;

	private final EtcdCluster etcd;

	private final ConfigurableApplicationContext caller;

	private final List<Load> loads;

	private final Consumer<String> log;

	private final List<Instance> instances = new ArrayList<>();

	private final List<JavaApplication> processes = new ArrayList<>();

	private final long openedAt = System.nanoTime();

	private long begunAt = this.openedAt;

	private int names;

	/**
	 * Open a stage on which nothing moves yet.
	 * @param members how many members the etcd has
	 * @param retries whether the caller retries, as it does by default
	 * @param log where to say what happens
	 */
	Stage(int members, boolean retries, Consumer<String> log) {
		this.log = log;
		this.etcd = EtcdCluster.builder().members(members).build().start();
		this.caller = new SpringApplicationBuilder(CallerApplication.class).web(WebApplicationType.NONE)
			.bannerMode(Banner.Mode.OFF)
			.run("--spring.application.name=caller", "--spring.cloud.etcd.endpoints=" + String.join(",", endpoints()),
					"--logging.level.root=error", "--logging.level.io.github.etcddiscovery=warn",
					"--spring.main.log-startup-info=false", "--spring.grpc.server.enabled=false",
					// Spring gRPC for Boot 4.0, and Boot 4.1's own
					"--spring.grpc.client.channels.provider.address=discovery:///provider",
					"--spring.grpc.client.channels.provider.negotiation-type=plaintext",
					"--spring.grpc.client.channel.provider.target=discovery:///provider",
					(retries) ? "--proof.retries=default" : "--spring.cloud.loadbalancer.retry.enabled=false");
		this.loads = List.copyOf(this.caller.getBeansOfType(Load.class).values());
	}

	EtcdCluster etcd() {
		return this.etcd;
	}

	private List<String> endpoints() {
		return this.etcd.endpoints();
	}

	/**
	 * Begin the load, on the instances there are, with everything warm.
	 */
	void begin(int perSecond) {
		this.loads.forEach((load) -> load.warmUp(WARM_UP_CALLS));
		this.begunAt = System.nanoTime();
		this.loads.forEach((load) -> load.start(perSecond));
	}

	/**
	 * End the load.
	 * @return what each client has seen
	 */
	List<Tally.Result> end() {
		this.loads.forEach(Load::stop);
		return this.loads.stream().map((load) -> load.tally().result()).toList();
	}

	List<Instance> instances() {
		return List.copyOf(this.instances);
	}

	/**
	 * Start instances, not waiting for them.
	 */
	List<Instance> launch(int count) {
		List<Instance> launched = new ArrayList<>();
		for (int i = 0; i < count; i++) {
			launched.add(launched(Instance.start(nextName(), endpoints())));
		}
		say("%d more launched".formatted(count));
		return launched;
	}

	/**
	 * Wait until instances are up, which does not say that anybody calls them yet.
	 */
	void awaitStarted(List<Instance> launched) {
		launched.forEach((instance) -> within(SECONDS_TO_START, instance.name() + " to start", instance::isStarted));
		say("%d of them up".formatted(launched.size()));
	}

	/**
	 * SIGTERM, and when the process has ended a new one in its place.
	 */
	Instance restart(Instance instance) {
		stop(List.of(instance));
		Instance successor = launched(instance.successor(nextName(), endpoints()));
		say("%s launched in its place".formatted(successor.name()));
		awaitStarted(List.of(successor));
		return successor;
	}

	private String nextName() {
		return "instance-" + ++this.names;
	}

	private Instance launched(Instance instance) {
		this.instances.add(instance);
		this.processes.add(instance.application());
		return instance;
	}

	/**
	 * SIGTERM to all of them at once; returns when the processes have ended.
	 */
	void stop(List<Instance> leaving) {
		leaving.forEach((instance) -> say("SIGTERM to " + instance.name()));
		CompletableFuture
			.allOf(leaving.stream()
				.map((instance) -> CompletableFuture.runAsync(instance.application()::terminate,
						(task) -> new Thread(task).start()))
				.toArray(CompletableFuture[]::new))
			.join();
		this.instances.removeAll(leaving);
		say("ended");
	}

	/**
	 * SIGKILL.
	 */
	void kill(Instance instance) {
		say("SIGKILL to " + instance.name());
		instance.application().kill();
		this.instances.remove(instance);
	}

	/**
	 * Wait until every client has been answered by the instances.
	 */
	void awaitAnswersOf(List<Instance> called) {
		for (Instance instance : called) {
			within(SECONDS_TO_START, "an answer of " + instance.name(),
					() -> this.loads.stream().allMatch((load) -> load.tally().answersOf(instance.name()) > 0));
		}
		say("%d of them called".formatted(called.size()));
	}

	/**
	 * Wait until the caller does not see the instance any more, whatever its status.
	 */
	void awaitGone(Instance instance) {
		EtcdDiscoveryClient client = this.caller.getBean(EtcdDiscoveryClient.class);
		within(SECONDS_TO_START, "the end of " + instance.name(),
				() -> client.getRegisteredInstances("provider")
					.stream()
					.noneMatch((other) -> other.getPort() == instance.port()));
		say(instance.name() + " is gone from etcd");
	}

	/**
	 * Wait until the caller sees the instances.
	 */
	void awaitSeen(List<Instance> expected) {
		EtcdDiscoveryClient client = this.caller.getBean(EtcdDiscoveryClient.class);
		within(SECONDS_TO_START, "registrations",
				() -> expected.stream()
					.allMatch((instance) -> client.getInstances("provider")
						.stream()
						.anyMatch((seen) -> seen.getPort() == instance.port())));
	}

	/**
	 * Let the load go on for a while.
	 */
	void hold(Duration duration) {
		holdUntil(System.nanoTime() + duration.toNanos());
	}

	/**
	 * Let the load go on until a reading of {@link System#nanoTime()}.
	 */
	void holdUntil(long end) {
		within(SECONDS_TO_START, "the clock", () -> System.nanoTime() >= end);
	}

	/**
	 * Say what happens, and when.
	 */
	void say(String what) {
		this.log.accept("%6.1f s  %s".formatted((System.nanoTime() - this.begunAt) / 1e9, what));
	}

	/**
	 * For the reader who asks why the scenario got stuck.
	 */
	void sayWhatInstancesLogged() {
		for (Instance instance : this.instances) {
			String output = instance.application().output();
			say("%s has logged in the end:%n%s".formatted(instance.name(),
					output.substring(Math.max(0, output.length() - LOG_TAIL))));
		}
	}

	static void within(long seconds, String what, Callable<Boolean> condition) {
		Awaitility.await(what)
			.atMost(seconds, TimeUnit.SECONDS)
			.pollDelay(Duration.ZERO)
			.pollInterval(Duration.ofMillis(50))
			.until(condition);
	}

	@Override
	public void close() {
		this.caller.close();
		this.processes.forEach(JavaApplication::close);
		this.etcd.close();
	}

}
