package io.github.etcddiscovery.discovery;

import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;

import io.github.etcddiscovery.testing.EtcdAdmin;
import io.github.etcddiscovery.testing.EtcdCluster;
import io.github.etcddiscovery.testing.EtcdExtension;
import io.github.etcddiscovery.testing.EtcdMember;
import io.github.etcddiscovery.testing.TcpProxy;
import org.awaitility.Awaitility;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.extension.RegisterExtension;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

import static org.assertj.core.api.Assertions.assertThat;

/**
 * What faults of a cluster of three do to a consumer. A lease's time to live is taken to
 * be its default, 15 seconds.
 */
@Timeout(120)
class MirrorClusterFaultsIntegrationTests {

	private static final Duration TTL = Duration.ofSeconds(15);

	/**
	 * The default.
	 */
	private static final Duration REQUEST_TIMEOUT = Duration.ofSeconds(5);

	private static final Duration SOON = Duration.ofSeconds(2);

	private static final Duration START = Duration.ofSeconds(20);

	@RegisterExtension
	static final EtcdExtension etcd = EtcdExtension.ofThree();

	private final EtcdCluster cluster = etcd.cluster();

	private final EtcdAdmin admin = etcd.admin();

	private final List<TcpProxy> proxies = new ArrayList<>();

	private final Map<String, String> instances = new TreeMap<>();

	private CallSpy spy;

	private Consumer consumer;

	@BeforeEach
	void consume() {
		for (int i = 0; i < 10; i++) {
			register("services/orders/" + i, "http://10.0.0.%d:8080".formatted(i));
		}
		this.cluster.members().forEach((member) -> this.proxies.add(TcpProxy.to(member.clientUrl())));
		Consumer.Builder builder = consumer();
		this.spy = builder.spy();
		this.consumer = builder.start().awaitSynced(START);
		assertThat(this.consumer.client().getInstances("orders")).hasSize(10);
	}

	private Consumer.Builder consumer() {
		return Consumer.of(this.proxies.stream().map(TcpProxy::url).toArray(String[]::new))
			.requestTimeout(REQUEST_TIMEOUT);
	}

	@AfterEach
	void close() {
		this.consumer.close();
		this.proxies.forEach(TcpProxy::close);
	}

	@Test
	@DisplayName("row 1: a follower is killed")
	void followerIsKilled() {
		List<EtcdMember> followers = this.cluster.followers();
		EtcdMember attached = attached();
		(followers.contains(attached) ? attached : followers.get(0)).kill();
		assertFollows(Duration.ofSeconds(5));
		assertNothingVanished();
	}

	@Test
	@DisplayName("row 2: the leader is killed")
	void leaderIsKilled() {
		this.cluster.leader().kill();
		this.cluster.leader();
		assertFollows(Duration.ofSeconds(5));
		assertNothingVanished();
	}

	@ParameterizedTest(name = "{displayName}, after {0} requests of others")
	@ValueSource(ints = { 0, 1, 2 })
	@DisplayName("row 3: the member that is watched is frozen")
	void watchedMemberIsPaused(int requests) {
		int before = attachedIndex();
		ask(requests);
		attached().pause();
		assertMoves(before, TTL.multipliedBy(2).dividedBy(3));
		assertFollows(SOON);
		assertNothingVanished();
	}

	@ParameterizedTest(name = "{displayName}, after {0} requests of others")
	@ValueSource(ints = { 0, 1, 2 })
	@DisplayName("row 4: the endpoint that is watched is blackholed")
	void watchedEndpointIsBlackholed(int requests) {
		int before = attachedIndex();
		ask(requests);
		this.proxies.get(before).blackhole();
		assertMoves(before, TTL.multipliedBy(2).dividedBy(3));
		assertFollows(SOON);
		assertNothingVanished();
	}

	@ParameterizedTest(name = "{displayName}, after {0} requests of others")
	@ValueSource(ints = { 0, 1, 2 })
	@DisplayName("row 7: the member that is watched loses its quorum")
	void watchedMemberLosesQuorum(int requests) {
		int before = attachedIndex();
		EtcdMember attached = attached();
		ask(requests);
		this.cluster.isolate(attached);
		// A leader notices only after a while that the others are gone
		Awaitility.await().atMost(Duration.ofSeconds(10)).until(() -> !attached.hasLeader());
		assertMoves(before, Duration.ofSeconds(5));
		assertFollows(SOON);
		this.cluster.reunite();
		assertNothingVanished();
	}

	@Test
	@DisplayName("row 8: the quorum is lost for long")
	void quorumIsLostForLong() {
		List<EtcdMember> followers = this.cluster.followers();
		followers.forEach(EtcdMember::kill);
		this.consumer.awaitLost(Duration.ofSeconds(10));
		Duration age = TTL;
		Awaitility.await()
			.atMost(age.plusSeconds(5))
			.until(() -> this.consumer.catalog().state().staleness().compareTo(age) > 0);
		assertThat(this.consumer.catalog().state().reason()).isNotBlank();
		assertThat(this.consumer.client().getInstances("orders")).hasSize(10);
		followers.forEach(EtcdMember::launch);
		followers.forEach(EtcdMember::awaitHealthy);
		assertFollows(Duration.ofSeconds(8));
		assertNothingVanished();
	}

	@Test
	@DisplayName("row 70: an application starts while the quorum is lost")
	void startsWhileTheQuorumIsLost() {
		List<EtcdMember> followers = this.cluster.followers();
		followers.forEach(EtcdMember::kill);
		this.consumer.awaitLost(Duration.ofSeconds(10));
		try (Consumer second = consumer().start(); Consumer scoped = consumer().perService(TTL).start()) {
			for (Consumer late : List.of(second, scoped)) {
				Consumer.measured("found", START,
						() -> Awaitility.await()
							.atMost(START)
							.until(() -> late.client().getInstances("orders").size() == 10));
				assertThat(late.catalog().state().synced()).isFalse();
				assertThat(late.catalog().state().staleness()).isPositive();
				assertThat(late.catalog().state().revision()).isPositive();
				assertThat(late.catalog().state().reason()).isNotBlank();
			}
			assertThat(second.client().getServices()).containsExactly("orders");
			assertThat(this.consumer.client().getInstances("orders")).hasSize(10);
			followers.forEach(EtcdMember::launch);
			followers.forEach(EtcdMember::awaitHealthy);
			assertFollows(Duration.ofSeconds(8));
			for (Consumer late : List.of(second, scoped)) {
				late.awaitSynced(Duration.ofSeconds(8));
				Awaitility.await().atMost(SOON).until(() -> late.client().getInstances("orders").size() == 11);
			}
			assertNothingVanished(this.consumer);
			assertNothingVanished(second);
			assertNothingVanished(scoped);
		}
	}

	@Test
	@DisplayName("row 11: the cluster is restarted member by member")
	void clusterIsRestartedMemberByMember() {
		for (EtcdMember member : this.cluster.members()) {
			member.restart();
		}
		assertFollows(Duration.ofSeconds(8));
		assertNothingVanished();
	}

	/**
	 * Members are asked in turn: whoever else asks decides whether it is again the turn
	 * of the one that was lost.
	 */
	private void ask(int requests) {
		for (int i = 0; i < requests; i++) {
			this.consumer.ask();
		}
	}

	private void register(String key, String address) {
		this.admin.put(key, address);
		this.instances.put(key, address);
	}

	/**
	 * Nothing is written: a watch that nobody asked after would not be missed.
	 */
	private void assertMoves(int from, Duration bound) {
		Consumer.measured("moved", bound,
				() -> Awaitility.await()
					.atMost(bound)
					.until(() -> attachedIndex() != from && this.consumer.catalog().state().synced()));
	}

	/**
	 * A write that is made now arrives within the bound.
	 */
	private void assertFollows(Duration bound) {
		register("services/orders/new" + this.instances.size(),
				"http://10.0.1.%d:8080".formatted(this.instances.size()));
		Consumer.measured("followed", bound,
				() -> Awaitility.await()
					.atMost(bound)
					.pollInterval(Duration.ofMillis(20))
					.until(() -> this.consumer.content().equals(this.instances)));
		this.consumer.awaitSynced(bound);
	}

	private void assertNothingVanished() {
		assertNothingVanished(this.consumer);
	}

	private static void assertNothingVanished(Consumer consumer) {
		List<Map<String, String>> published = consumer.published();
		for (int i = 1; i < published.size(); i++) {
			assertThat(published.get(i)).containsAllEntriesOf(published.get(i - 1));
		}
	}

	private EtcdMember attached() {
		return this.cluster.member(attachedIndex());
	}

	private int attachedIndex() {
		return this.proxies.stream().map(TcpProxy::port).toList().indexOf(this.spy.watchedPort());
	}

}
