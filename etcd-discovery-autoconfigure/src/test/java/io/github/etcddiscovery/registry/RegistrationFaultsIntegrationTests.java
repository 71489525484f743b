package io.github.etcddiscovery.registry;

import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Objects;

import io.github.etcddiscovery.discovery.ServiceCatalog;
import io.github.etcddiscovery.lease.LeaseStatus.State;
import io.github.etcddiscovery.registry.RegistrationChange.Type;
import io.github.etcddiscovery.testing.EtcdExtension;
import io.github.etcddiscovery.testing.TcpProxy;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestInfo;
import org.junit.jupiter.api.extension.RegisterExtension;

import static org.assertj.core.api.Assertions.assertThat;

/**
 * Registrations on a real etcd, behind a network that a test can break. The comment of
 * each test names the fault's row in the fault matrix of the documentation.
 */
class RegistrationFaultsIntegrationTests {

	/**
	 * Short, so that faults that outlast it are quick to make; the bounds scale with it.
	 */
	private static final Duration TTL = Duration.ofSeconds(6);

	private static final Duration OUTAGE = Duration.ofSeconds(Long.getLong("outage.seconds", 2 * TTL.toSeconds()));

	private static final Duration SOON = Duration.ofSeconds(2);

	private static final String KEY = "services/myapp/one";

	@RegisterExtension
	static final EtcdExtension etcd = EtcdExtension.single();

	private final List<AutoCloseable> opened = new ArrayList<>();

	private TcpProxy proxy;

	private String test = "";

	@BeforeEach
	void openProxy(TestInfo info) {
		this.test = info.getTestMethod().orElseThrow().getName();
		this.proxy = open(TcpProxy.to(etcd.clientUrl()));
	}

	@AfterEach
	void closeAll() throws Exception {
		this.proxy.heal();
		for (int i = this.opened.size() - 1; i >= 0; i--) {
			this.opened.get(i).close();
		}
	}

	// 5
	@Test
	void registersOnceAfterRequestsWereDroppedForLongerThanTheTimeToLive() {
		Node node = register("one", 8080);
		this.proxy.dropUpstream();
		awaitGone();
		Bounds.awaitUntil(() -> node.changeTypes().contains(Type.LOST));
		this.proxy.heal();
		Bounds.within(this.test, SOON, () -> isRegistered(node));
		assertThat(node.changeTypes()).containsExactly(Type.REGISTERED, Type.LOST, Type.RECOVERED);
		assertThat(etcd.admin().leases()).hasSize(1);
	}

	// 6
	@Test
	void registersOnceAfterAnswersWereDroppedForLongerThanTheTimeToLive() {
		Node node = register("one", 8080);
		this.proxy.dropDownstream();
		Bounds.awaitUntil(() -> node.lease().state() == State.RECOVERING);
		this.proxy.heal();
		Bounds.within(this.test, SOON, () -> isRegistered(node));
		assertThat(etcd.admin().keys("services/")).containsExactly(KEY);
		// What was granted without our knowing ends by itself
		Bounds.within(this.test, TTL.plusSeconds(2), () -> etcd.admin().leases().size() == 1);
		assertThat(isRegistered(node)).isTrue();
	}

	/**
	 * 9. The outage lasts for two times to live, or for {@code -Doutage.seconds}: gRPC's
	 * own back-off has grown to two minutes after ten.
	 */
	@Test
	void keepsItsLeaseWhenEtcdReturnsWithItsDataAfterLongerThanTheTimeToLive() {
		Node node = register("one", 8080);
		Node observer = open(new Node(TTL, etcd.clientUrl()));
		ServiceCatalog catalog = observer.catalog();
		Bounds.awaitUntil(() -> catalog.instances("myapp").size() == 1);
		long lease = node.lease().leaseId();
		long created = created(KEY);
		etcd.cluster().kill();
		Bounds.awaitUntil(() -> node.lease().state() == State.RECOVERING);
		Bounds.stays(OUTAGE, () -> catalog.instances("myapp").size() == 1);
		assertThat(node.lease().remaining()).isZero();
		assertThat(node.registry().isRegistered(registration("one", 8080))).isFalse();
		etcd.cluster().start();
		Bounds.within(this.test, TTL.dividedBy(2), () -> isRegistered(node));
		assertThat(node.lease().leaseId()).isEqualTo(lease);
		assertThat(created(KEY)).as("created once, never deleted").isEqualTo(created);
		Bounds.awaitUntil(() -> catalog.state().synced());
		assertThat(catalog.instances("myapp")).hasSize(1);
	}

	// 10
	@Test
	void registersOnceAfterAPartitionThatOutlastedTheTimeToLive() {
		Node node = register("one", 8080);
		this.proxy.blackhole();
		awaitGone();
		Bounds.awaitUntil(() -> node.changeTypes().contains(Type.LOST));
		this.proxy.heal();
		Bounds.within(this.test, SOON, () -> isRegistered(node));
		assertThat(node.changeTypes()).containsExactly(Type.REGISTERED, Type.LOST, Type.RECOVERED);
	}

	// 12
	@Test
	void keepsItsLeaseWhenEtcdStallsForASecond() {
		Node node = register("one", 8080);
		long lease = node.lease().leaseId();
		for (int stall = 0; stall < 3; stall++) {
			etcd.cluster().pause();
			Bounds.stays(Duration.ofSeconds(1), () -> node.registry().isRegistered(registration("one", 8080)));
			etcd.cluster().resume();
			Bounds.stays(Duration.ofMillis(700), () -> node.registry().isRegistered(registration("one", 8080)));
		}
		Bounds.stays(TTL, () -> isRegistered(node));
		assertThat(node.lease().leaseId()).isEqualTo(lease);
		assertThat(node.changeTypes()).containsExactly(Type.REGISTERED);
	}

	// 17
	@Test
	void registersAgainInAnEtcdThatWasWiped() {
		Node node = register("one", 8080);
		Node other = open(new Node(TTL, etcd.clientUrl()));
		other.registry().register(registration("two", 8081));
		Bounds.awaitUntil(() -> etcd.admin().keys("services/").size() == 2);
		etcd.cluster().wipe();
		Bounds.within(this.test, TTL.dividedBy(2), () -> etcd.admin().keys("services/").size() == 2);
		Bounds.awaitUntil(() -> isRegistered(node));
	}

	// 25
	@Test
	void registersUnderANewLeaseWhenItsLeaseIsRevoked() {
		Node node = register("one", 8080);
		long lease = node.lease().leaseId();
		etcd.admin().revoke(lease);
		Bounds.within(this.test, TTL.dividedBy(3).plus(SOON),
				() -> isRegistered(node) && node.lease().leaseId() != lease);
		assertThat(node.changeTypes()).containsExactly(Type.REGISTERED, Type.LOST, Type.RECOVERED);
	}

	// 26
	@Test
	void putsItsKeyBackWhenSomebodyDeletesIt() {
		Node node = register("one", 8080);
		long lease = node.lease().leaseId();
		etcd.admin().delete(KEY);
		Bounds.within(this.test, SOON, () -> isRegistered(node));
		assertThat(node.lease().leaseId()).isEqualTo(lease);
		Bounds.awaitUntil(() -> node.changeTypes().equals(List.of(Type.REGISTERED, Type.LOST, Type.RECOVERED)));
	}

	// 27
	@Test
	void leavesItsKeyToAnotherLiveOwnerThatOverwroteIt() {
		Node node = register("one", 8080);
		long other = etcd.admin().grantLease(Duration.ofMinutes(1));
		long written = etcd.admin().put(KEY, "http://127.0.0.1:9999", other);
		Bounds.awaitUntil(() -> node.changeTypes().contains(Type.CONFLICTED));
		Bounds.stays(TTL, () -> Objects.requireNonNull(etcd.admin().entry(KEY)).getModRevision() == written);
		assertThat(node.changeTypes()).containsOnlyOnce(Type.CONFLICTED);
		assertThat(node.registry().isRegistered(registration("one", 8080))).isFalse();
		etcd.admin().revoke(other);
		Bounds.within(this.test, TTL.dividedBy(3).plus(SOON), () -> isRegistered(node));
	}

	// 28
	@Test
	void putsItsKeyBackUnderItsLeaseWhenSomebodyRewritesItWithoutOne() {
		Node node = register("one", 8080);
		String value = Objects.requireNonNull(etcd.admin().get(KEY));
		long rewritten = etcd.admin().put(KEY, value);
		Bounds.within(this.test, SOON, () -> isRegistered(node));
		long restored = Objects.requireNonNull(etcd.admin().entry(KEY)).getModRevision();
		assertThat(restored).isGreaterThan(rewritten);
		// Written once
		Bounds.stays(TTL.dividedBy(2),
				() -> Objects.requireNonNull(etcd.admin().entry(KEY)).getModRevision() == restored);
	}

	// 29, 30
	@Test
	void reportsASecondProcessWithTheSameIdAndLeavesTheKeyToTheFirst() {
		Node first = register("one", 8080);
		long owner = etcd.admin().leaseOf(KEY);
		Node second = open(new Node(TTL, this.proxy.url()));
		second.registry().register(registration("one", 8081));
		Bounds.awaitUntil(() -> second.changeTypes().equals(List.of(Type.CONFLICTED)));
		assertThat(second.changes().get(0).reason()).contains(KEY).contains(Long.toHexString(owner));
		assertThat(second.registry().isRegistered(registration("one", 8081))).isFalse();
		second.registry().deregister(registration("one", 8081));
		second.close();
		assertThat(isRegistered(first)).isTrue();
		assertThat(etcd.admin().leaseOf(KEY)).isEqualTo(owner);
	}

	// 29
	@Test
	void takesTheKeyOverWhenTheOtherProcessWithTheSameIdLeaves() {
		Node first = register("one", 8080);
		Node second = open(new Node(TTL, this.proxy.url()));
		second.registry().register(registration("one", 8081));
		Bounds.awaitUntil(() -> second.changeTypes().equals(List.of(Type.CONFLICTED)));
		first.close();
		Bounds.within(this.test, SOON, () -> isRegistered(second));
		assertThat(etcd.admin().get(KEY)).contains("8081");
	}

	// 31
	@Test
	void takesItsOwnIdOverAtOnceAfterARestart() {
		Node crashed = register("one", 8080);
		long oldLease = crashed.lease().leaseId();
		crashed.vanish();
		Node restarted = open(new Node(TTL, this.proxy.url()));
		restarted.registry().register(registration("one", 8080));
		Bounds.within(this.test, SOON, () -> isRegistered(restarted));
		Bounds.awaitUntil(() -> !etcd.admin().leases().contains(oldLease));
		assertThat(isRegistered(restarted)).as("the old lease's end does not delete the new key").isTrue();
		assertThat(restarted.changeTypes()).containsExactly(Type.REGISTERED);
	}

	// 32
	@Test
	void readsBackAWriteWhoseOutcomeItDidNotLearn() {
		for (long bytes = 400; bytes <= 1400; bytes += 200) {
			TcpProxy cutting = open(TcpProxy.to(etcd.clientUrl()));
			cutting.cutAfterUpstreamBytes(bytes);
			Node node = open(new Node(TTL, cutting.url()));
			node.registry().register(registration("one", 8080));
			Bounds.awaitUntil(() -> cutting.acceptedConnections() > 1 || isRegistered(node));
			cutting.heal();
			Bounds.awaitUntil(() -> isRegistered(node));
			assertThat(etcd.admin().keys("services/")).containsExactly(KEY);
			node.close();
			assertThat(etcd.admin().keys("services/")).isEmpty();
		}
		Bounds.within(this.test, TTL.plusSeconds(2), () -> etcd.admin().leases().isEmpty());
	}

	// 36
	@Test
	void registersWhenAnEtcdThatWasNotThereComes() {
		etcd.cluster().kill();
		Node node = open(new Node(TTL, etcd.clientUrl()));
		node.registry().register(registration("one", 8080));
		Bounds.awaitUntil(() -> node.lease().state() == State.GRANTING);
		Bounds.stays(Duration.ofSeconds(3), () -> node.changes().isEmpty());
		etcd.cluster().start();
		Bounds.within(this.test, TTL.dividedBy(2), () -> isRegistered(node));
	}

	// 35
	@Test
	void doesNotWaitLongForAnEtcdThatDoesNotAnswerWhenItLeaves() {
		Node node = register("one", 8080);
		this.proxy.blackhole();
		Bounds.within(this.test, Duration.ofSeconds(5), () -> {
			node.registry().deregister(registration("one", 8080));
			node.close();
			return true;
		});
		this.opened.remove(node);
	}

	// 40
	@Test
	void registersAgainWhenARenewalSaysThatTheLeaseEnded() {
		Node node = register("one", 8080);
		long lease = node.lease().leaseId();
		// Asleep, as far as anybody can tell: nothing is sent and nothing arrives
		this.proxy.stall();
		Bounds.awaitUntil(() -> !etcd.admin().leases().contains(lease));
		this.proxy.heal();
		Bounds.within(this.test, SOON, () -> isRegistered(node) && node.lease().leaseId() != lease);
	}

	@Test
	void severalRegistrationsShareOneLeaseAndLeaveOneByOne() {
		Node node = register("one", 8080);
		EtcdRegistration grpc = Node.registration("myapp-grpc", "one", 9090);
		node.registry().register(grpc);
		Bounds.awaitUntil(() -> etcd.admin().get("services/myapp-grpc/one") != null);
		assertThat(etcd.admin().leases()).hasSize(1);
		node.registry().deregister(grpc);
		assertThat(etcd.admin().keys("services/")).containsExactly(KEY);
		assertThat(isRegistered(node)).isTrue();
		node.registry().deregister(registration("one", 8080));
		assertThat(etcd.admin().keys("services/")).isEmpty();
		assertThat(etcd.admin().leases()).isEmpty();
	}

	@Test
	void takesAllRegistrationsOutWhenTheApplicationStopsAndCanStartAgain() {
		Node node = register("one", 8080);
		node.registry().register(Node.registration("myapp-grpc", "one", 9090));
		Bounds.awaitUntil(() -> etcd.admin().get("services/myapp-grpc/one") != null);
		ServiceCatalog catalog = node.catalog();
		Bounds.awaitUntil(() -> catalog.instances("myapp-grpc").size() == 1);
		assertThat(node.registry().sayGoodbye()).isTrue();
		Bounds.awaitUntil(() -> catalog.instances("myapp").isEmpty() && catalog.instances("myapp-grpc").isEmpty());
		assertThat(etcd.admin().keys("services/")).hasSize(2);
		node.registry().close();
		assertThat(etcd.admin().keys("services/")).isEmpty();
		node.registry().register(registration("one", 8080));
		Bounds.awaitUntil(() -> isRegistered(node));
	}

	@Test
	void changesStatusAndMetadataUnderTheSameLease() {
		Node node = open(new Node(TTL, this.proxy.url()));
		EtcdRegistration registration = registration("one", 8080);
		node.registry().register(registration);
		Bounds.awaitUntil(() -> isRegistered(node));
		long lease = node.lease().leaseId();
		ServiceCatalog catalog = node.catalog();
		Bounds.awaitUntil(() -> catalog.instances("myapp").size() == 1);
		node.registry().setStatus(registration, "OUT_OF_SERVICE");
		Bounds
			.awaitUntil(() -> catalog.instances("myapp").isEmpty() && catalog.registeredInstances("myapp").size() == 1);
		node.registry().setMetadata(registration, Map.of("weight", "5"));
		node.registry().setStatus(registration, "UP");
		Bounds.awaitUntil(() -> catalog.instances("myapp").size() == 1
				&& catalog.instances("myapp").get(0).getMetadata().get("weight").equals("5"));
		assertThat(etcd.admin().leaseOf(KEY)).isEqualTo(lease);
		assertThat(node.changeTypes()).containsExactly(Type.REGISTERED);
	}

	private Node register(String id, int port) {
		Node node = open(new Node(TTL, this.proxy.url()));
		node.registry().register(registration(id, port));
		Bounds.awaitUntil(() -> isRegistered(node));
		return node;
	}

	private static EtcdRegistration registration(String id, int port) {
		return Node.registration("myapp", id, port);
	}

	/**
	 * Whether the key stands in etcd under the lease that the node believes in.
	 */
	private static boolean isRegistered(Node node) {
		long lease = node.lease().leaseId();
		var entry = etcd.admin().entry(KEY);
		return entry != null && lease != 0 && entry.getLease() == lease && node.lease().state() == State.ALIVE
				&& node.registry().isRegistered(registration("one", 8080));
	}

	private static long created(String key) {
		return Objects.requireNonNull(etcd.admin().entry(key)).getCreateRevision();
	}

	private static void awaitGone() {
		Bounds.awaitUntil(() -> etcd.admin().get(KEY) == null);
	}

	private <T extends AutoCloseable> T open(T closeable) {
		this.opened.add(closeable);
		return closeable;
	}

}
