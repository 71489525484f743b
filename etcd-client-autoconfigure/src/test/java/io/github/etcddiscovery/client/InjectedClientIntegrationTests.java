package io.github.etcddiscovery.client;

import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.TimeUnit;
import java.util.function.Consumer;

import io.etcd.jetcd.ByteSequence;
import io.etcd.jetcd.Client;
import io.etcd.jetcd.KeyValue;
import io.etcd.jetcd.Watch;
import io.etcd.jetcd.election.LeaderKey;
import io.etcd.jetcd.lease.LeaseKeepAliveResponse;
import io.etcd.jetcd.options.GetOption;
import io.etcd.jetcd.options.PutOption;
import io.etcd.jetcd.options.WatchOption;
import io.etcd.jetcd.support.CloseableClient;
import io.etcd.jetcd.watch.WatchEvent;
import io.github.etcddiscovery.autoconfigure.EtcdClientAutoConfiguration;
import io.github.etcddiscovery.testing.EtcdExtension;
import io.github.etcddiscovery.testing.TcpProxy;
import io.github.etcddiscovery.watch.KeyRange;
import io.grpc.stub.StreamObserver;
import org.awaitility.Awaitility;
import org.awaitility.core.ConditionFactory;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.extension.RegisterExtension;

import org.springframework.boot.autoconfigure.AutoConfigurations;
import org.springframework.boot.test.context.runner.ApplicationContextRunner;
import org.springframework.util.unit.DataSize;

import static org.assertj.core.api.Assertions.assertThat;

/**
 * What an application does itself with the jetcd client that it has injected, in an etcd
 * that asks for a user.
 */
@Timeout(120)
class InjectedClientIntegrationTests {

	@RegisterExtension
	static final EtcdExtension etcd = EtcdExtension.single();

	private ApplicationContextRunner contextRunner = new ApplicationContextRunner();

	@BeforeEach
	void enableAuth() {
		etcd.admin().enableAuth();
		this.contextRunner = new ApplicationContextRunner()
			.withConfiguration(AutoConfigurations.of(EtcdClientAutoConfiguration.class))
			.withPropertyValues("spring.cloud.etcd.endpoints=" + etcd.clientUrl(), "spring.cloud.etcd.username=root",
					"spring.cloud.etcd.password=root");
	}

	@Test
	void putsGetsAndDeletes() {
		run((client) -> {
			answer(client.getKVClient().put(bytes("services/myapp"), bytes("http://localhost:3000")));
			assertThat(etcd.admin().get("services/myapp")).isEqualTo("http://localhost:3000");
			assertThat(values(client)).containsExactly("http://localhost:3000");
			assertThat(answer(client.getKVClient().delete(bytes("services/myapp"))).getDeleted()).isEqualTo(1);
			assertThat(values(client)).isEmpty();
		});
	}

	@Test
	void watchesAPrefixForLongerThanARequestMayTake() {
		this.contextRunner = this.contextRunner.withPropertyValues("spring.cloud.etcd.request-timeout=1s");
		run((client) -> {
			List<String> events = new CopyOnWriteArrayList<>();
			WatchOption prefix = WatchOption.builder().isPrefix(true).build();
			Watch.Listener listener = Watch.listener((response) -> response.getEvents()
				.forEach((event) -> events.add(event.getEventType() + " " + text(event))));
			try (Watch.Watcher watcher = client.getWatchClient().watch(bytes("services/"), prefix, listener)) {
				await().until(() -> {
					etcd.admin().put("services/a", "1");
					return !events.isEmpty();
				});
				long lease = etcd.admin().grantLease(Duration.ofSeconds(2));
				etcd.admin().put("services/b", "2", lease);
				// Outlives the deadline of requests by far
				await().until(() -> events.contains("DELETE services/b"));
				etcd.admin().delete("services/a");
				await().until(() -> events.contains("DELETE services/a"));
			}
			assertThat(events).contains("PUT services/a", "PUT services/b");
		});
	}

	@Test
	void losesAKeyWhoseLeaseIsNotKeptAlive() {
		run((client) -> {
			long lease = answer(client.getLeaseClient().grant(2)).getID();
			putLeased(client, lease);
			assertThat(values(client)).hasSize(1);
			await().until(() -> values(client).isEmpty());
		});
	}

	@Test
	void keepsAKeyWhoseLeaseIsKeptAliveForLongerThanARequestMayTake() {
		this.contextRunner = this.contextRunner.withPropertyValues("spring.cloud.etcd.request-timeout=1s");
		run((client) -> {
			long lease = answer(client.getLeaseClient().grant(2)).getID();
			putLeased(client, lease);
			Renewals renewals = new Renewals();
			try (CloseableClient keepAlive = client.getLeaseClient().keepAlive(lease, renewals)) {
				await().until(() -> renewals.ttls.size() >= 4);
				assertThat(renewals.failures).isEmpty();
				assertThat(values(client)).hasSize(1);
			}
			await().until(() -> values(client).isEmpty());
		});
	}

	@Test
	void waitsForALockAndForAnElectionForLongerThanARequestMayTake() {
		this.contextRunner = this.contextRunner.withPropertyValues("spring.cloud.etcd.request-timeout=1s");
		run((client) -> {
			long first = answer(client.getLeaseClient().grant(60)).getID();
			long second = answer(client.getLeaseClient().grant(60)).getID();
			ByteSequence key = answer(client.getLockClient().lock(bytes("lock"), first)).getKey();
			LeaderKey leader = answer(client.getElectionClient().campaign(bytes("election"), first, bytes("one")))
				.getLeader();
			CompletableFuture<?> lock = client.getLockClient().lock(bytes("lock"), second);
			CompletableFuture<?> campaign = client.getElectionClient()
				.campaign(bytes("election"), second, bytes("two"));
			await().during(Duration.ofSeconds(3)).until(() -> !lock.isDone() && !campaign.isDone());
			answer(client.getLockClient().unlock(key));
			answer(client.getElectionClient().resign(leader));
			answer(lock);
			answer(campaign);
		});
	}

	/**
	 * etcd answers keep-alive pings over a connection without a call with a GOAWAY, after
	 * about forty seconds. The connection of registration and discovery has none either
	 * to a member that was in use before.
	 */
	@Test
	@Timeout(400)
	void keepsConnectionsThatNobodyUses() {
		Duration idle = Duration.ofSeconds(Long.getLong("idle.seconds", 50));
		try (TcpProxy proxy = TcpProxy.to(etcd.clientUrl()); TcpProxy other = TcpProxy.to(etcd.clientUrl())) {
			this.contextRunner = this.contextRunner.withPropertyValues("spring.cloud.etcd.endpoints=" + proxy.url());
			EtcdProperties properties = new EtcdProperties(true, List.of(other.url()), "root", "root",
					Duration.ofSeconds(5), Duration.ofSeconds(5), Duration.ofSeconds(10), Duration.ofSeconds(5),
					DataSize.ofMegabytes(4), null, SslProperties.none());
			try (EtcdClientFactory factory = new EtcdClientFactory(properties,
					new PropertiesEtcdConnectionDetails(properties), List.of(), List.of());
					EtcdConnection connection = new EtcdConnection(factory, Duration.ofSeconds(5))) {
				answer(new JetcdListerWatcher(connection, KeyRange.prefix("services/")).position());
				run((client) -> {
					answer(client.getKVClient().get(bytes("a")));
					await().during(idle)
						.atMost(idle.plusSeconds(20))
						.until(() -> proxy.connections() == 1 && other.connections() == 1);
					assertThat(proxy.acceptedConnections()).isOne();
				});
				assertThat(other.acceptedConnections()).isOne();
			}
		}
	}

	@Test
	void reachesAnIpv6Literal() {
		try (TcpProxy proxy = TcpProxy.to(etcd.clientUrl()); TcpProxy twin = proxy.twinAt("::1", etcd.clientUrl())) {
			this.contextRunner = this.contextRunner
				.withPropertyValues("spring.cloud.etcd.endpoints=http://[::1]:" + proxy.port());
			run((client) -> answer(client.getKVClient().put(bytes("a"), bytes("1"))));
			assertThat(twin.acceptedConnections()).isPositive();
		}
	}

	@Test
	void prependsTheNamespace() {
		this.contextRunner = this.contextRunner.withPropertyValues("spring.cloud.etcd.namespace=team-a/");
		run((client) -> {
			answer(client.getKVClient().put(bytes("services/myapp"), bytes("value")));
			assertThat(values(client)).containsExactly("value");
			assertThat(etcd.admin().keys("")).containsExactly("team-a/services/myapp");
		});
	}

	/**
	 * Patient, since a build shares its machine.
	 */
	private static ConditionFactory await() {
		return Awaitility.await().atMost(Duration.ofSeconds(30));
	}

	private void run(Consumer<Client> test) {
		this.contextRunner.run((context) -> test.accept(context.getBean(Client.class)));
	}

	private static void putLeased(Client client, long lease) {
		answer(client.getKVClient()
			.put(bytes("services/myapp"), bytes("value"), PutOption.builder().withLeaseId(lease).build()));
	}

	private static List<String> values(Client client) {
		GetOption prefix = GetOption.builder().isPrefix(true).build();
		return answer(client.getKVClient().get(bytes("services/"), prefix)).getKvs()
			.stream()
			.map(KeyValue::getValue)
			.map((value) -> value.toString(StandardCharsets.UTF_8))
			.toList();
	}

	private static <T> T answer(CompletableFuture<T> future) {
		return future.orTimeout(10, TimeUnit.SECONDS).join();
	}

	private static String text(WatchEvent event) {
		return event.getKeyValue().getKey().toString(StandardCharsets.UTF_8);
	}

	private static ByteSequence bytes(String text) {
		return ByteSequence.from(text, StandardCharsets.UTF_8);
	}

	private static final class Renewals implements StreamObserver<LeaseKeepAliveResponse> {

		private final List<Long> ttls = new CopyOnWriteArrayList<>();

		private final List<Object> failures = new CopyOnWriteArrayList<>();

		@Override
		public void onNext(LeaseKeepAliveResponse response) {
			this.ttls.add(response.getTTL());
		}

		@Override
		public void onError(Throwable failure) {
			this.failures.add(failure);
		}

		@Override
		public void onCompleted() {
			this.failures.add("completed");
		}

	}

}
