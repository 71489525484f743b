package io.github.etcddiscovery.coordination;

import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;

import io.etcd.jetcd.ByteSequence;
import io.etcd.jetcd.Client;
import io.etcd.jetcd.op.Op;
import io.etcd.jetcd.options.PutOption;
import io.github.etcddiscovery.coordination.leader.Leader;
import io.github.etcddiscovery.coordination.leader.Leadership;
import io.github.etcddiscovery.lease.Contender;
import io.github.etcddiscovery.testing.EtcdCluster;
import io.github.etcddiscovery.testing.EtcdExtension;
import io.github.etcddiscovery.testing.TcpProxy;
import org.awaitility.core.ConditionFactory;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.RegisterExtension;

import org.springframework.boot.availability.AvailabilityChangeEvent;
import org.springframework.boot.availability.ReadinessState;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

/**
 * Elections on a real etcd, and what happens to them there.
 */
class ElectionIntegrationTests {

	/**
	 * Where the end of a lease is waited for. Others have more patience with a busy
	 * machine.
	 */
	private static final String TTL = "spring.cloud.etcd.coordination.ttl=3s";

	private static final String QUEUE = "coordination/leaders/billing/";

	@RegisterExtension
	static final EtcdExtension etcd = EtcdExtension.single();

	private final List<AutoCloseable> opened = new ArrayList<>();

	@AfterEach
	void closeAll() throws Exception {
		for (int i = this.opened.size() - 1; i >= 0; i--) {
			this.opened.get(i).close();
		}
	}

	@Test
	@DisplayName("row L1: the leader stops in good order")
	void handsOverInOneRoundTripWhenTheLeaderStops() {
		App one = start("one");
		App two = start("two");
		Leadership first = leader(one);
		Leadership second = candidate(two);
		long token = first.fencingToken();
		assertThat(second.isLeader()).isFalse();
		assertThat(second.validFor()).isZero();
		long stoppedAt = System.nanoTime();
		one.close();
		await().pollInterval(Duration.ofMillis(5)).atMost(Duration.ofSeconds(2)).until(second::isLeader);
		Times.report("hand-over after a stop in good order, with the end of the application", stoppedAt);
		assertThat(first.isLeader()).isFalse();
		assertThat(second.fencingToken()).isGreaterThan(token);
		assertThat(etcd.admin().keys(QUEUE)).hasSize(1);
	}

	@Test
	@DisplayName("row L1: the leader yields while its handlers work")
	void finishesTheHandlersBeforeAnotherOneLeads() throws InterruptedException {
		App one = start("one");
		App two = start("two");
		CountDownLatch revoking = new CountDownLatch(1);
		CountDownLatch finish = new CountDownLatch(1);
		List<String> told = new CopyOnWriteArrayList<>();
		Leadership first = one.campaign("billing").onGranted((token) -> told.add("granted")).onRevoked((token) -> {
			revoking.countDown();
			awaitLatch(finish);
			told.add("revoked");
		});
		soon().until(() -> told.contains("granted"));
		Leadership second = candidate(two);
		first.yield();
		assertThat(revoking.await(5, TimeUnit.SECONDS)).isTrue();
		assertThat(first.isLeader()).isFalse();
		assertThat(second.isLeader()).isFalse();
		assertThat(etcd.admin().keys(QUEUE)).hasSize(2);
		finish.countDown();
		soon().until(second::isLeader);
		assertThat(told).containsExactly("granted", "revoked");
		awaitQueue(2);
	}

	@Test
	@DisplayName("row L4: the leader is cut off from etcd")
	void stepsDownBeforeTheLeaseEndsWhenItIsCutOff() {
		TcpProxy proxy = open(TcpProxy.to(etcd.clientUrl()));
		App one = open(App.start("one", proxy.url(), TTL));
		App two = start("two");
		Leadership first = leader(one);
		Leadership second = candidate(two);
		proxy.blackhole();
		await().pollInterval(Duration.ofMillis(2)).atMost(Duration.ofSeconds(15)).until(() -> {
			// In this order: the first ends before the second begins
			boolean begun = second.isLeader();
			assertThat(begun && first.isLeader()).as("two leaders").isFalse();
			return begun;
		});
		assertThat(first.isLeader()).isFalse();
		proxy.heal();
		awaitQueue(2);
		assertThat(second.isLeader()).isTrue();
		assertThat(first.isLeader()).isFalse();
	}

	@Test
	@DisplayName("row L5: etcd hangs")
	void stepsDownWhenEtcdHangsAndLeadsAgainWithTheSameTokenWhenItsKeyIsStillThere() {
		App one = startWithShortLease("one");
		List<Long> tokens = new CopyOnWriteArrayList<>();
		Leadership first = one.campaign("billing").onGranted((token) -> tokens.add(token.value()));
		soon().until(() -> tokens.size() == 1);
		etcd.cluster().pause();
		await().atMost(Duration.ofSeconds(5)).until(() -> !first.isLeader());
		etcd.cluster().resume();
		soon().until(first::isLeader);
		soon().until(() -> tokens.size() == 2);
		// The lease may have ended just before etcd was asked
		assertThat(tokens.get(1)).isGreaterThanOrEqualTo(tokens.get(0));
	}

	@Test
	@DisplayName("row L7: the key of the leader is deleted")
	void entersAgainWithANewTokenWhenItsKeyIsDeleted() {
		App one = start("one");
		App two = start("two");
		Leadership first = leader(one);
		Leadership second = candidate(two);
		long token = first.fencingToken();
		String key = first.token().orElseThrow().key();
		etcd.admin().delete(key);
		soon().until(() -> second.isLeader() && !first.isLeader());
		awaitQueue(2);
		second.yield();
		soon().until(first::isLeader);
		assertThat(first.fencingToken()).isGreaterThan(token);
	}

	@Test
	@DisplayName("row L8: the lease of the leader is revoked")
	void entersAgainAtTheEndWhenItsLeaseIsRevoked() {
		App one = start("one");
		App two = start("two");
		Leadership first = leader(one);
		Leadership second = candidate(two);
		etcd.admin().revoke(etcd.admin().leaseOf(first.token().orElseThrow().key()));
		soon().until(() -> second.isLeader() && !first.isLeader());
		awaitQueue(2);
	}

	@Test
	@DisplayName("row L9: etcd is wiped")
	void electsAnewWhenEtcdIsWiped() {
		App one = startWithShortLease("one");
		App two = startWithShortLease("two");
		Leadership first = leader(one);
		Leadership second = candidate(two);
		etcd.cluster().wipe();
		await().atMost(Duration.ofSeconds(20)).until(() -> etcd.admin().keys(QUEUE).size() == 2);
		soon().until(() -> first.isLeader() ^ second.isLeader());
	}

	@Test
	@DisplayName("row L10: etcd is restored from a backup")
	void hasOneLeaderAfterEtcdWasRestoredFromABackup() {
		App one = startWithShortLease("one");
		Leadership first = leader(one);
		EtcdCluster.DataCopy copy = etcd.cluster().copyData();
		App two = startWithShortLease("two");
		Leadership second = candidate(two);
		first.yield();
		soon().until(second::isLeader);
		etcd.cluster().restore(copy);
		await().atMost(Duration.ofSeconds(20)).until(() -> etcd.admin().keys(QUEUE).size() == 2);
		await().atMost(Duration.ofSeconds(20)).until(() -> first.isLeader() ^ second.isLeader());
	}

	@Test
	void campaignsOnlyWhileTheApplicationAcceptsTraffic() {
		App one = start("one");
		Leadership first = leader(one);
		AvailabilityChangeEvent.publish(one.context(), ReadinessState.REFUSING_TRAFFIC);
		assertThat(first.isLeader()).isFalse();
		awaitQueue(0);
		AvailabilityChangeEvent.publish(one.context(), ReadinessState.ACCEPTING_TRAFFIC);
		soon().until(first::isLeader);
	}

	@Test
	void observesEachLeader() {
		App one = start("one");
		App two = start("two");
		List<Leader> seen = new CopyOnWriteArrayList<>();
		var subscription = two.elections().observe("billing").subscribe(seen::add);
		Leadership first = one.campaign("billing");
		soon().until(() -> seen.size() == 1);
		assertThat(seen.get(0).id()).isEqualTo("one");
		assertThat(seen.get(0).fencingToken()).isEqualTo(first.fencingToken());
		two.campaign("billing");
		awaitQueue(2);
		long yieldedAt = System.nanoTime();
		first.yield();
		await().pollInterval(Duration.ofMillis(1)).until(() -> two.campaign("billing").isLeader());
		Times.report("hand-over by yield", yieldedAt);
		soon().until(() -> seen.size() == 2);
		assertThat(seen.get(1).id()).isEqualTo("two");
		subscription.dispose();
	}

	@Test
	void guardsATransactionOfTheApplicationByTheToken() throws Exception {
		App one = start("one");
		Leadership first = leader(one);
		FencingToken token = first.token().orElseThrow();
		Client client = one.get(Client.class);
		Op put = Op.put(bytes("account/1"), bytes("paid"), PutOption.DEFAULT);
		assertThat(first.guard(client.getKVClient().txn()).Then(put).commit().get(5, TimeUnit.SECONDS).isSucceeded())
			.isTrue();
		first.yield();
		soon().until(first::isLeader);
		assertThat(token.guard(client.getKVClient().txn()).Then(put).commit().get(5, TimeUnit.SECONDS).isSucceeded())
			.as("with the token of a former term")
			.isFalse();
	}

	@Test
	@DisplayName("row L11: a candidate stops to campaign")
	void leavesNoGhostWhenItStopsToCampaign() {
		App one = start("one");
		App two = start("two");
		Leadership first = leader(one);
		candidate(two).close();
		for (int i = 0; i < 10; i++) {
			two.campaign("billing").close();
		}
		awaitQueue(1);
		first.yield();
		soon().until(first::isLeader);
	}

	@Test
	void campaignsAgainAfterItHasLeft() {
		App one = start("one");
		Leadership first = leader(one);
		long token = first.fencingToken();
		first.close();
		one.campaign("billing").close();
		Leadership again = one.campaign("billing");
		assertThat(again).isNotSameAs(first).isSameAs(one.campaign("billing"));
		soon().until(again::isLeader);
		assertThat(again.fencingToken()).isGreaterThan(token);
		assertThat(first.isLeader()).isFalse();
		assertThat(one.elections().leaderships()).containsExactly(again);
	}

	@Test
	@DisplayName("row L14: a role is pinned to a process")
	void isLedByTheProcessThatItIsPinnedToAndByNobodyElse() {
		App one = start("one");
		App two = start("two");
		Leadership first = leader(one);
		Leadership second = candidate(two);
		etcd.admin().etcdctl("put", "coordination/pins/billing", "two");
		soon().until(() -> second.isLeader() && !first.isLeader());
		awaitQueue(1);
		two.close();
		App three = start("three");
		Leadership third = three.campaign("billing");
		Leadership other = three.campaign("other");
		soon().until(other::isLeader);
		assertThat(etcd.admin().keys(QUEUE)).as("pinned to one that is not there").isEmpty();
		assertThat(third.state()).isEqualTo(Contender.State.OUT);
		assertThat(three.elections().pinned("billing").join()).contains("two");
		three.elections().unpin("billing").join();
		soon().until(() -> first.isLeader() ^ third.isLeader());
		three.elections().pin("billing", "three").join();
		soon().until(third::isLeader);
		third.yield().join();
		soon().until(third::isLeader);
		etcd.admin().delete("coordination/pins/billing");
		awaitQueue(2);
	}

	private static Leadership leader(App app) {
		Leadership leadership = app.campaign("billing");
		soon().until(leadership::isLeader);
		return leadership;
	}

	/**
	 * The second in the queue.
	 */
	private static Leadership candidate(App app) {
		Leadership leadership = app.campaign("billing");
		awaitQueue(2);
		return leadership;
	}

	private static void awaitQueue(int size) {
		soon().until(() -> etcd.admin().keys(QUEUE).size() == size);
	}

	private App start(String id) {
		return open(App.start(id, etcd.clientUrl()));
	}

	private App startWithShortLease(String id) {
		return open(App.start(id, etcd.clientUrl(), TTL));
	}

	private <T extends AutoCloseable> T open(T resource) {
		this.opened.add(resource);
		return resource;
	}

	private static void awaitLatch(CountDownLatch latch) {
		try {
			latch.await(10, TimeUnit.SECONDS);
		}
		catch (InterruptedException ex) {
			Thread.currentThread().interrupt();
		}
	}

	private static ByteSequence bytes(String text) {
		return ByteSequence.from(text, StandardCharsets.UTF_8);
	}

	private static ConditionFactory soon() {
		return await().pollInterval(Duration.ofMillis(20)).atMost(Duration.ofSeconds(10));
	}

}
