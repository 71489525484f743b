package io.github.etcddiscovery.registry;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.Stream;

import io.github.etcddiscovery.testing.EtcdCluster;
import io.github.etcddiscovery.testing.EtcdExtension;
import io.github.etcddiscovery.testing.JavaApplication;
import io.github.etcddiscovery.testing.TcpProxy;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.api.extension.RegisterExtension;
import org.junit.jupiter.api.io.TempDir;

import org.springframework.boot.test.system.CapturedOutput;
import org.springframework.boot.test.system.OutputCaptureExtension;

import static org.assertj.core.api.Assertions.assertThat;

/**
 * Whole applications, in JVMs of their own, that crash, freeze, start and stop at the
 * wrong time. The comment of each test names the fault's row in the fault matrix.
 */
class ApplicationFaultsIntegrationTests {

	private static final Duration TTL = Duration.ofSeconds(6);

	private static final Duration SOON = Duration.ofSeconds(2);

	private static final String KEY = "services/myapp/one";

	@RegisterExtension
	static final EtcdExtension etcd = EtcdExtension.single();

	private final List<AutoCloseable> opened = new ArrayList<>();

	@AfterEach
	void closeAll() throws Exception {
		for (int i = this.opened.size() - 1; i >= 0; i--) {
			this.opened.get(i).close();
		}
	}

	// 33
	@Test
	void isGoneWithinItsTimeToLiveWhenItIsKilled() {
		JavaApplication application = startRegistered(etcd.clientUrl());
		application.kill();
		Bounds.within("killed", TTL.plus(SOON), () -> etcd.admin().get(KEY) == null);
	}

	// 35
	@Test
	void exitsSoonWhenEtcdIsDead() {
		JavaApplication application = startRegistered(etcd.clientUrl(), "--spring.cloud.etcd.discovery.drain=0s");
		etcd.cluster().kill();
		Bounds.within("exit with a dead etcd", Duration.ofSeconds(5), () -> {
			application.terminate();
			return true;
		});
		assertThat(application.output()).contains("is removed when its lease expires");
	}

	// 35
	@Test
	void exitsSoonWhenEtcdDoesNotAnswer() {
		TcpProxy proxy = open(TcpProxy.to(etcd.clientUrl()));
		JavaApplication application = startRegistered(proxy.url(), "--spring.cloud.etcd.discovery.drain=0s");
		proxy.blackhole();
		Bounds.within("exit with a silent etcd", Duration.ofSeconds(5), () -> {
			application.terminate();
			return true;
		});
	}

	// 36
	@Test
	void startsWithoutEtcdAndRegistersWhenItComes() {
		etcd.cluster().kill();
		JavaApplication application = start(etcd.clientUrl());
		Bounds.awaitUntil(() -> application.output().contains("Started ProviderApplication")
				&& application.output().contains("Cannot register yet"));
		assertThat(application.output()).contains("Cannot register yet: etcd can't be reached at " + etcd.clientUrl())
			.contains("spring.cloud.etcd.endpoints")
			.doesNotContain("	at ");
		etcd.cluster().start();
		Bounds.within("registered when etcd came", TTL.dividedBy(2), () -> etcd.admin().get(KEY) != null);
		assertThat(application.output().split("Cannot register yet", -1)).as("said once").hasSize(2);
	}

	// 36
	@Test
	void failsToStartWithoutEtcdWhenToldTo() {
		etcd.cluster().kill();
		JavaApplication application = start(etcd.clientUrl(), "--spring.cloud.etcd.discovery.fail-fast=true");
		assertThat(application.awaitExitCode()).isNotZero();
		assertThat(application.output()).contains("APPLICATION FAILED TO START")
			.contains("'services/myapp/one' could not be registered: etcd can't be reached at " + etcd.clientUrl())
			.contains("spring.cloud.etcd.endpoints")
			.contains("spring.cloud.etcd.discovery.fail-fast")
			.doesNotContain("	at ");
	}

	// 37
	@Test
	void registersAgainWhenItWasFrozenForLongerThanItsTimeToLive() {
		JavaApplication application = startRegistered(etcd.clientUrl());
		application.pause();
		Bounds.awaitUntil(() -> etcd.admin().get(KEY) == null);
		application.resume();
		Bounds.within("thawed", SOON, () -> etcd.admin().get(KEY) != null);
		Bounds.awaitUntil(() -> application.output().contains("has ended; registering again"));
	}

	// 38
	@Test
	void nobodyNoticesAPauseOfLessThanTwoThirdsOfItsTimeToLive() {
		JavaApplication application = startRegistered(etcd.clientUrl());
		long created = etcd.admin().entry(KEY).getCreateRevision();
		application.pause();
		Bounds.stays(TTL.multipliedBy(3).dividedBy(5), () -> etcd.admin().get(KEY) != null);
		application.resume();
		Bounds.stays(TTL, () -> etcd.admin().get(KEY) != null);
		assertThat(etcd.admin().entry(KEY).getCreateRevision()).isEqualTo(created);
	}

	/**
	 * 22. The JVM remembers addresses for 30 seconds unless told otherwise, so that is
	 * told otherwise here, as the operations guide advises.
	 */
	@Test
	void followsItsEndpointsNameToAnotherAddress(@TempDir Path directory) throws IOException {
		try (EtcdCluster elsewhere = EtcdCluster.single().start()) {
			TcpProxy here = open(TcpProxy.to(etcd.clientUrl()));
			TcpProxy there = open(here.twinAt("127.0.0.2", elsewhere.clientUrl()));
			Path hosts = Files.writeString(directory.resolve("hosts"), "127.0.0.1 etcd.test\n");
			JavaApplication application = open(JavaApplication.start(ProviderApplication.class,
					List.of("-Djdk.net.hosts.file=" + hosts, "-Dsun.net.inetaddr.ttl=10"),
					arguments("http://etcd.test:" + here.port())));
			Bounds.awaitUntil(() -> etcd.admin().get(KEY) != null);
			Files.writeString(hosts, "127.0.0.2 etcd.test\n");
			here.cut();
			Bounds.within("followed the name", Duration.ofSeconds(30), () -> elsewhere.admin().get(KEY) != null);
			assertThat(there.connections()).isPositive();
			assertThat(application.isAlive()).isTrue();
		}
	}

	// 18
	@Test
	@ExtendWith(OutputCaptureExtension.class)
	void registersUnaidedAfterEtcdRanOutOfSpace(CapturedOutput output) {
		try (EtcdCluster small = EtcdCluster.builder().quota(2 * 1024 * 1024).build().start()) {
			Node registered = open(new Node(TTL, small.clientUrl()));
			registered.registry().register(Node.registration("myapp", "one", 8080));
			Bounds.awaitUntil(() -> small.admin().get(KEY) != null);
			fill(small);
			Node late = open(new Node(TTL, small.clientUrl()));
			late.registry().register(Node.registration("myapp", "two", 8081));
			// Those registered stay
			Bounds.stays(TTL.plus(SOON), () -> small.admin().keys("services/").equals(List.of(KEY)));
			assertThat(registered.changes()).hasSize(1);
			assertThat(output).contains("database space exceeded").contains("disarm its NOSPACE alarm");
			small.admin().deletePrefix("filler/");
			small.admin().compact(small.admin().revision());
			small.admin().defragment();
			small.admin().disarmAlarms();
			Bounds.within("registered after the alarm", TTL, () -> small.admin().get("services/myapp/two") != null);
		}
	}

	private static void fill(EtcdCluster small) {
		String megabyte = "x".repeat(1024 * 1024);
		for (int i = 0; small.admin().alarms().isEmpty() && i < 20; i++) {
			try {
				small.admin().put("filler/" + i, megabyte);
			}
			catch (RuntimeException ex) {
				assertThat(ex).hasStackTraceContaining("database space exceeded");
			}
		}
		assertThat(small.admin().alarms()).isNotEmpty();
	}

	private JavaApplication startRegistered(String endpoint, String... more) {
		JavaApplication application = start(endpoint, more);
		Bounds.awaitUntil(
				() -> etcd.admin().get(KEY) != null && application.output().contains("Started ProviderApplication"));
		return application;
	}

	private JavaApplication start(String endpoint, String... more) {
		return open(JavaApplication.start(ProviderApplication.class, List.of(), arguments(endpoint, more)));
	}

	private static String[] arguments(String endpoint, String... more) {
		return Stream
			.concat(Stream.of("--spring.application.name=myapp", "--spring.cloud.etcd.endpoints=" + endpoint,
					"--spring.cloud.etcd.discovery.instance-id=one", "--spring.cloud.etcd.discovery.port=8080",
					"--spring.cloud.etcd.discovery.ip-address=127.0.0.1",
					"--spring.cloud.etcd.discovery.ttl=" + TTL.toSeconds() + "s"), Stream.of(more))
			.toArray(String[]::new);
	}

	private <T extends AutoCloseable> T open(T closeable) {
		this.opened.add(closeable);
		return closeable;
	}

}
