package io.github.etcddiscovery.client;

import java.net.InetAddress;
import java.net.UnknownHostException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;

import io.github.etcddiscovery.client.MemberResolver.NameLookup;
import io.github.etcddiscovery.core.EtcdAccessException;
import io.github.etcddiscovery.core.EtcdAccessException.Kind;
import io.github.etcddiscovery.testing.EtcdExtension;
import io.github.etcddiscovery.testing.EtcdMember;
import io.github.etcddiscovery.testing.SrvServer;
import io.github.etcddiscovery.testing.TcpProxy;
import io.github.etcddiscovery.watch.Batch;
import io.github.etcddiscovery.watch.KeyRange;
import io.github.etcddiscovery.watch.ListerWatcher;
import org.awaitility.Awaitility;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestInfo;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.extension.RegisterExtension;

import org.springframework.util.unit.DataSize;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;

/**
 * The networks that people have, and members that are of no use.
 */
@Timeout(120)
class NetworksIntegrationTests {

	@RegisterExtension
	static final EtcdExtension etcd = EtcdExtension.single();

	/**
	 * What a person waits for a start.
	 */
	private static final Duration READY = Duration.ofSeconds(10);

	private final List<AutoCloseable> resources = new ArrayList<>();

	private NameLookup lookup = InetAddress::getAllByName;

	private TcpProxy proxy = TcpProxy.to("http://127.0.0.1:1");

	@BeforeEach
	void openProxy(TestInfo test) {
		this.proxy = opened(TcpProxy.to(etcd.clientUrl()));
		etcd.admin().put("services/a", "1");
	}

	@AfterEach
	void closeAll() throws Exception {
		for (int i = this.resources.size() - 1; i >= 0; i--) {
			this.resources.get(i).close();
		}
	}

	@Test
	void endpointIsAnIpv6Literal() {
		opened(this.proxy.twinAt("::1", etcd.clientUrl()));
		this.proxy.cut();
		assertFollows(connection("http://[::1]:" + this.proxy.port()));
	}

	@Test
	void firstAddressOfTheHostIsDead() {
		this.lookup = (host) -> new InetAddress[] { address("127.0.0.77"), address("127.0.0.1") };
		assertFollows(connection("http://etcd.test:" + this.proxy.port()));
	}

	/**
	 * It accepts connections and never says a word, as what stands behind a broken
	 * balancer does.
	 */
	@Test
	void firstMemberAcceptsConnectionsOnly() {
		TcpProxy silent = opened(TcpProxy.to(etcd.clientUrl()));
		silent.stall();
		for (int i = 0; i < 4; i++) {
			assertFollows(connection(silent.url(), this.proxy.url()));
		}
	}

	@Test
	void namesDoNotResolveOrResolveSlowly() {
		CountDownLatch never = new CountDownLatch(1);
		this.resources.add(never::countDown);
		this.lookup = (host) -> switch (host) {
			case "slow.test", "slower.test" -> {
				await(never);
				throw new UnknownHostException(host);
			}
			case "unknown.test" -> throw new UnknownHostException(host);
			default -> InetAddress.getAllByName(host);
		};
		for (int i = 0; i < 3; i++) {
			assertFollows(connection("http://slow.test:2379", "http://unknown.test:2379", "http://slower.test:2379",
					this.proxy.url()));
		}
	}

	@Test
	void saysThatTheNameCannotBeResolved() {
		this.lookup = (host) -> {
			throw new UnknownHostException(host);
		};
		EtcdConnection connection = connection("http://unknown.test:2379");
		assertThatExceptionOfType(Exception.class).isThrownBy(() -> lister(connection).list().get(20, TimeUnit.SECONDS))
			.withMessageContaining("etcd can't be reached at http://unknown.test:2379 (its name can't be resolved)");
	}

	@Test
	void nameIsGivenAnotherAddress() {
		TcpProxy other = opened(this.proxy.twinAt("127.0.0.78", etcd.clientUrl()));
		String[] current = { "127.0.0.1" };
		this.lookup = (host) -> new InetAddress[] { address(current[0]) };
		EtcdConnection connection = connection("http://etcd.test:" + this.proxy.port());
		assertFollows(connection);
		current[0] = "127.0.0.78";
		this.proxy.cut();
		assertFollows(connection);
		assertThat(other.acceptedConnections()).isPositive();
	}

	@Test
	void membersAreFoundByTheSrvRecordsOfADomain() {
		SrvServer names = opened(new SrvServer());
		EtcdConnection connection = connection("dns+srv://" + names.address() + "/example.org");
		assertThatExceptionOfType(Exception.class).isThrownBy(() -> lister(connection).list().get(20, TimeUnit.SECONDS))
			.withMessageContaining("etcd can't be found at dns+srv://" + names.address() + "/example.org")
			.withMessageContaining("_etcd-client._tcp.example.org");
		TcpProxy dead = opened(TcpProxy.to(etcd.clientUrl()));
		dead.cut();
		names.records("_etcd-client._tcp.example.org", dead.port(), this.proxy.port());
		assertFollows(connection);
		TcpProxy moved = opened(TcpProxy.to(etcd.clientUrl()));
		names.records("_etcd-client._tcp.example.org", moved.port());
		this.proxy.cut();
		assertFollows(connection);
	}

	@Test
	void passesByALearner() {
		EtcdMember learner = etcd.cluster().addLearner();
		try {
			for (int i = 0; i < 6; i++) {
				assertFollows(connection(learner.clientUrl(), etcd.clientUrl()));
			}
			assertThatExceptionOfType(Exception.class)
				.isThrownBy(() -> lister(connection(learner.clientUrl())).list().get(20, TimeUnit.SECONDS))
				.satisfies((ex) -> {
					EtcdAccessException failure = EtcdAccessException.of(ex.getCause());
					assertThat(failure.getKind()).isEqualTo(Kind.LEARNER);
					assertThat(failure.describe()).contains(learner.clientUrl(), "spring.cloud.etcd.endpoints");
				});
		}
		finally {
			String id = etcd.admin()
				.etcdctl("member", "list")
				.lines()
				.filter((line) -> line.contains(learner.clientUrl()))
				.map((line) -> line.substring(0, line.indexOf(',')))
				.findFirst()
				.orElseThrow();
			etcd.admin().etcdctl("member", "remove", id);
		}
	}

	private EtcdConnection connection(String... endpoints) {
		EtcdProperties properties = new EtcdProperties(true, List.of(endpoints), null, null, Duration.ofSeconds(5),
				Duration.ofSeconds(5), Duration.ofSeconds(10), Duration.ofSeconds(5), DataSize.ofMegabytes(4), null,
				SslProperties.none());
		return opened(new EtcdConnection(
				new EtcdClientFactory(properties, new PropertiesEtcdConnectionDetails(properties), List.of(),
						List.of((channel) -> channel.setNameResolverArg(MemberResolver.LOOKUP, this.lookup))),
				Duration.ofSeconds(5)));
	}

	private static ListerWatcher lister(EtcdConnection connection) {
		return new JetcdListerWatcher(connection, KeyRange.prefix("services/"));
	}

	/**
	 * A list and a watch are there in time, as one who tries again sees it.
	 */
	private static void assertFollows(EtcdConnection connection) {
		ListerWatcher lister = lister(connection);
		Awaitility.await()
			.atMost(READY)
			.pollDelay(Duration.ZERO)
			.ignoreExceptions()
			.until(() -> lister.list().get(READY.toSeconds(), TimeUnit.SECONDS).entries().containsKey("services/a"));
		Seen seen = new Seen();
		try (ListerWatcher.Watch watch = lister.watch(0, seen)) {
			Awaitility.await().atMost(READY).until(() -> seen.created);
			watch.requestProgress();
			etcd.admin().put("services/b", "2");
			Awaitility.await().atMost(READY).until(() -> seen.changed);
		}
	}

	private <T extends AutoCloseable> T opened(T resource) {
		this.resources.add(resource);
		return resource;
	}

	private static InetAddress address(String literal) {
		try {
			return InetAddress.getByName(literal);
		}
		catch (UnknownHostException ex) {
			throw new IllegalStateException(ex);
		}
	}

	private static void await(CountDownLatch latch) {
		try {
			latch.await();
		}
		catch (InterruptedException ex) {
			Thread.currentThread().interrupt();
		}
	}

	private static final class Seen implements ListerWatcher.Handler {

		private volatile boolean created;

		private volatile boolean changed;

		@Override
		public void created(long clusterId, long revision) {
			this.created = true;
		}

		@Override
		public void changed(Batch batch) {
			this.changed = true;
		}

		@Override
		public void alive(long clusterId, long revision) {
		}

		@Override
		public void failed(EtcdAccessException failure) {
		}

	}

}
