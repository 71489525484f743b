package io.github.etcddiscovery.testing;

import java.io.IOException;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.net.URI;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.time.Duration;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;

import io.etcd.jetcd.ByteSequence;
import io.etcd.jetcd.Client;
import io.etcd.jetcd.ClientBuilder;
import io.netty.handler.ssl.util.InsecureTrustManagerFactory;
import org.awaitility.Awaitility;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.extension.RegisterExtension;
import org.junit.jupiter.api.io.TempDir;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatCode;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;
import static org.assertj.core.api.Assertions.assertThatIllegalStateException;

/**
 * Tests for {@link EtcdCluster} with one member.
 */
@Timeout(60)
class EtcdClusterIntegrationTests {

	private static final long QUOTA = 2 * 1024 * 1024;

	@RegisterExtension
	static final EtcdExtension etcd = EtcdExtension.of(EtcdCluster.builder().quota(QUOTA).build());

	private final EtcdCluster cluster = etcd.cluster();

	private final EtcdAdmin admin = etcd.admin();

	@Test
	void readsWhatWasWritten() {
		long revision = this.admin.put("services/a/1", "one");
		this.admin.put("services/b/1", "two");
		assertThat(this.admin.revision()).isEqualTo(revision + 1);
		assertThat(this.admin.get("services/a/1")).isEqualTo("one");
		assertThat(this.admin.get("services/a")).isNull();
		assertThat(this.admin.keys("services/")).containsExactly("services/a/1", "services/b/1");
		assertThat(this.admin.values("services/b/")).containsOnlyKeys("services/b/1").containsValue("two");
		assertThat(this.admin.delete("services/a/1")).isTrue();
		assertThat(this.admin.delete("services/a/1")).isFalse();
		assertThat(this.admin.keys("")).containsExactly("services/b/1");
	}

	@Test
	void losesKeysWithTheirLease() {
		long lease = this.admin.grantLease(Duration.ofSeconds(60));
		this.admin.put("leased", "value", lease);
		this.admin.put("free", "value");
		assertThat(this.admin.leaseOf("leased")).isEqualTo(lease);
		assertThat(this.admin.leaseOf("free")).isZero();
		assertThat(this.admin.leases()).containsExactly(lease);
		assertThat(this.admin.timeToLive(lease)).isBetween(50L, 60L);
		this.admin.revoke(lease);
		assertThat(this.admin.leases()).isEmpty();
		assertThat(this.admin.timeToLive(lease)).isEqualTo(-1);
		assertThat(this.admin.keys("")).containsExactly("free");
	}

	@Test
	void keepsDataLeasesAndUrlWhenKilledAndStarted() {
		String url = this.cluster.clientUrl();
		long pid = this.cluster.member(0).pid();
		long lease = this.admin.grantLease(Duration.ofSeconds(60));
		this.admin.put("key", "value", lease);
		this.cluster.kill();
		assertThat(ProcessHandle.of(pid)).isEmpty();
		assertThat(this.cluster.member(0).isAlive()).isFalse();
		this.cluster.start();
		assertThat(this.cluster.clientUrl()).isEqualTo(url);
		assertThat(this.admin.get("key")).isEqualTo("value");
		assertThat(this.admin.leases()).containsExactly(lease);
	}

	@Test
	void keepsDataWhenRestarted() {
		long revision = this.admin.put("key", "value");
		this.cluster.restart();
		assertThat(this.admin.get("key")).isEqualTo("value");
		assertThat(this.admin.revision()).isEqualTo(revision);
	}

	@Test
	void saysWhichMembersAreDeadWhenNoneRuns() {
		this.cluster.kill();
		assertThatIllegalStateException().isThrownBy(() -> this.admin.get("key"))
			.withMessageContaining("No etcd member is running");
	}

	@Test
	void answersNobodyWhilePaused() throws Exception {
		this.admin.put("key", "value");
		try (Client client = client(this.cluster.clientUrl())) {
			assertThat(get(client, "key")).isEqualTo("value");
			this.cluster.pause();
			assertThat(this.cluster.member(0).isPaused()).isTrue();
			assertThat(client.getKVClient().get(bytes("key"))).failsWithin(Duration.ofMillis(300))
				.withThrowableOfType(TimeoutException.class);
			this.cluster.resume();
			assertThat(get(client, "key")).isEqualTo("value");
		}
	}

	@Test
	void killsAndTerminatesAlsoWhilePaused() {
		this.cluster.pause();
		this.cluster.terminate();
		this.cluster.start();
		this.cluster.pause();
		this.cluster.kill();
		assertThat(this.cluster.member(0).isAlive()).isFalse();
	}

	@Test
	void losesEverythingWhenWiped() {
		String url = this.cluster.clientUrl();
		this.admin.put("key", "value");
		long lease = this.admin.grantLease(Duration.ofSeconds(60));
		this.cluster.wipe();
		assertThat(this.cluster.clientUrl()).isEqualTo(url);
		assertThat(this.admin.revision()).isEqualTo(1);
		assertThat(this.admin.get("key")).isNull();
		assertThat(this.admin.timeToLive(lease)).isEqualTo(-1);
	}

	@Test
	void goesBackToAnOlderCopyOfItsData() {
		long revision = this.admin.put("key", "old");
		EtcdCluster.DataCopy copy = this.cluster.copyData();
		this.admin.put("key", "new");
		this.admin.put("later", "value");
		this.cluster.restore(copy);
		assertThat(this.admin.revision()).isEqualTo(revision);
		assertThat(this.admin.values("")).containsOnlyKeys("key").containsValue("old");
	}

	@Test
	void forgetsCompactedRevisions() {
		long first = this.admin.put("key", "1");
		long second = this.admin.put("key", "2");
		assertThat(this.admin.etcdctl("get", "key", "--print-value-only", "--rev=" + first)).isEqualTo("1\n");
		this.admin.compact(second);
		assertThatIllegalStateException().isThrownBy(() -> this.admin.etcdctl("get", "key", "--rev=" + first))
			.withMessageContaining("compacted");
	}

	@Test
	void acceptsWritesAgainOnceTheNoSpaceAlarmIsDisarmed() {
		String value = "x".repeat(256 * 1024);
		assertThatIllegalStateException().isThrownBy(() -> {
			for (int i = 0; i < 100; i++) {
				this.admin.put("filler", value);
			}
		}).withMessageContaining("space exceeded");
		assertThat(this.admin.alarms()).singleElement().asString().contains("NOSPACE");
		// An alarm is not ill health: the member can still be restarted.
		this.cluster.restart();
		assertThat(this.admin.alarms()).hasSize(1);
		this.admin.compact(this.admin.revision());
		this.admin.defragment();
		this.admin.disarmAlarms();
		assertThat(this.admin.alarms()).isEmpty();
		this.admin.put("key", "value");
	}

	@Test
	void refusesWhatAUserMayNotDo() throws Exception {
		this.admin.addRole("reader");
		this.admin.grantRead("reader", "services/");
		this.admin.addUser("alice", "secret", "reader");
		this.admin.enableAuth();
		this.admin.put("services/a", "value");
		assertThatIllegalStateException()
			.isThrownBy(() -> this.admin.etcdctl("--user=alice:wrong", "get", "services/a"))
			.withMessageContaining("authentication failed");
		assertThat(this.admin.etcdctl("--user=alice:secret", "get", "services/a", "--print-value-only"))
			.isEqualTo("value\n");
		assertThatIllegalStateException()
			.isThrownBy(() -> this.admin.etcdctl("--user=alice:secret", "put", "services/a", "other"))
			.withMessageContaining("permission denied");
		this.admin.grantReadWrite("reader", "services/");
		this.admin.changePassword("alice", "new");
		this.admin.etcdctl("--user=alice:new", "put", "services/a", "other");
		this.admin.revokePermission("reader", "services/");
		assertThatIllegalStateException().isThrownBy(() -> this.admin.etcdctl("--user=alice:new", "get", "services/a"))
			.withMessageContaining("permission denied");
		this.cluster.restart();
		assertThat(this.admin.get("services/a")).isEqualTo("other");
		this.admin.disableAuth();
		assertThat(this.admin.etcdctl("get", "services/a", "--print-value-only")).isEqualTo("other\n");
	}

	@Test
	void startsEveryTestWithAnEmptyServerWhateverTheLastOneDid() {
		this.admin.put("key", "value", this.admin.grantLease(Duration.ofSeconds(60)));
		this.cluster.pause();
		this.cluster.reset();
		assertThat(this.admin.keys("")).isEmpty();
		assertThat(this.admin.leases()).isEmpty();
		this.cluster.kill();
		this.cluster.reset();
		this.admin.enableAuth();
		this.cluster.reset();
		assertThat(this.admin.etcdctl("user", "list")).isEmpty();
	}

	@Test
	void showsTheEndOfTheLogWhenAMemberCannotStart() throws IOException {
		this.cluster.kill();
		int port = URI.create(this.cluster.clientUrl()).getPort();
		try (ServerSocket squatter = new ServerSocket(port, 1, InetAddress.getLoopbackAddress())) {
			assertThatExceptionOfType(PortTakenException.class).isThrownBy(this.cluster::start)
				.withMessageContaining("etcd1")
				.withMessageContaining("address already in use");
		}
		this.cluster.start();
	}

	@Test
	void refusesFlagsEtcdDoesNotKnow() {
		try (EtcdCluster other = EtcdCluster.builder().flags("--no-such-flag").build()) {
			assertThatIllegalStateException().isThrownBy(other::start).withMessageContaining("no-such-flag");
		}
	}

	@Test
	void servesClientsOverTlsAndTheAdministratorWithout() throws Exception {
		try (EtcdCluster secure = EtcdCluster.builder().tls("--auto-tls").build().start()) {
			secure.admin().put("key", "value");
			assertThat(secure.clientUrl()).startsWith("https://");
			ClientBuilder builder = Client.builder()
				.sslContext((ssl) -> ssl.trustManager(InsecureTrustManagerFactory.INSTANCE))
				.waitForReady(false);
			try (Client client = builder.endpoints(secure.clientUrl()).build()) {
				assertThat(get(client, "key")).isEqualTo("value");
			}
		}
	}

	@Test
	void leavesNothingBehindWhenClosed() {
		EtcdCluster other = EtcdCluster.single().start();
		long pid = other.member(0).pid();
		Path data = other.member(0).dataDirectory();
		assertThat(data).exists();
		other.pause();
		other.close();
		assertThat(ProcessHandle.of(pid)).isEmpty();
		assertThat(data.getParent().getParent()).doesNotExist();
		assertThatCode(other::close).doesNotThrowAnyException();
	}

	@Test
	void diesWithTheJvmHoweverThatDies(@TempDir Path directory) throws Exception {
		Path report = directory.resolve("report");
		Process jvm = new ProcessBuilder(Path.of(System.getProperty("java.home"), "bin", "java").toString(), "-cp",
				System.getProperty("java.class.path"), "-Djava.io.tmpdir=" + directory, Starter.class.getName(),
				report.toString())
			.inheritIO()
			.redirectInput(ProcessBuilder.Redirect.PIPE)
			.start();
		try {
			Awaitility.await().atMost(Duration.ofSeconds(30)).until(() -> Files.exists(report));
			ProcessHandle member = ProcessHandle.of(Long.parseLong(Files.readString(report))).orElseThrow();
			assertThat(member.isAlive()).isTrue();
			jvm.destroyForcibly();
			Awaitility.await().until(() -> !member.isAlive());
		}
		finally {
			jvm.destroyForcibly();
		}
	}

	private static Client client(String url) {
		return Client.builder().endpoints(url).waitForReady(false).build();
	}

	private static String get(Client client, String key) throws Exception {
		return client.getKVClient()
			.get(bytes(key))
			.get(10, TimeUnit.SECONDS)
			.getKvs()
			.get(0)
			.getValue()
			.toString(StandardCharsets.UTF_8);
	}

	private static ByteSequence bytes(String text) {
		return ByteSequence.from(text, StandardCharsets.UTF_8);
	}

	/**
	 * Starts a member, reports its pid in a file and waits to be killed.
	 */
	public static final class Starter {

		private Starter() {
		}

		public static void main(String[] args) throws IOException {
			EtcdMember member = EtcdCluster.single().start().member(0);
			member.pause();
			Path draft = Files.writeString(Path.of(args[0] + ".draft"), Long.toString(member.pid()));
			Files.move(draft, Path.of(args[0]), StandardCopyOption.ATOMIC_MOVE);
			System.in.read();
		}

	}

}
