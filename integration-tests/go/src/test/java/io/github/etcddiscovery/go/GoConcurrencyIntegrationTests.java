package io.github.etcddiscovery.go;

import java.time.Duration;
import java.util.concurrent.TimeUnit;

import io.github.etcddiscovery.coordination.leader.Elections;
import io.github.etcddiscovery.coordination.leader.Leadership;
import io.github.etcddiscovery.coordination.lock.EtcdLock;
import io.github.etcddiscovery.coordination.lock.Locks;
import io.github.etcddiscovery.testing.EtcdExtension;
import org.awaitility.Awaitility;
import org.awaitility.core.ConditionFactory;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.extension.RegisterExtension;

import org.springframework.context.ConfigurableApplicationContext;

import static org.assertj.core.api.Assertions.assertThat;

/**
 * Programs that use the {@code concurrency} package of etcd's Go client, in the same
 * queues.
 */
@Timeout(180)
class GoConcurrencyIntegrationTests {

	private static final String ROLE = "coordination/leaders/billing";

	private static final String LOCK = "coordination/locks/order";

	@RegisterExtension
	static final EtcdExtension etcd = EtcdExtension.single();

	@RegisterExtension
	final Go go = new Go();

	@RegisterExtension
	final JavaApplications java = new JavaApplications();

	@Test
	void takesPartInAnElectionBothWays() {
		Peer first = this.go.run("campaign", etcd.clientUrl(), ROLE, "a program in Go");
		first.tell("campaign");
		long firstToken = token(first);
		Elections elections = start().getBean(Elections.class);
		Leadership leadership = elections.campaign("billing");
		awaitQueue(ROLE, 2);
		assertThat(leadership.isLeader()).isFalse();
		assertThat(elections.queue("billing").join().get(0).id()).isEqualTo("a program in Go");
		first.tell("resign");
		soon().until(leadership::isLeader);
		assertThat(leadership.fencingToken()).isGreaterThan(firstToken);
		Peer second = this.go.run("campaign", etcd.clientUrl(), ROLE, "another program in Go");
		second.tell("campaign");
		awaitQueue(ROLE, 2);
		assertThat(second.tell("leader")).isEqualTo(elections.id());
		long token = leadership.fencingToken();
		leadership.yield();
		assertThat(token(second)).isGreaterThan(token);
		assertThat(leadership.isLeader()).isFalse();
		awaitQueue(ROLE, 2);
		second.kill();
		soon().until(leadership::isLeader);
	}

	private static long token(Peer peer) {
		soon().until(() -> peer.lastLine().startsWith("elected "));
		return Long.parseLong(peer.lastLine().split(" ")[1]);
	}

	@Test
	void takesTurnsWithALockBothWays() throws Exception {
		Peer first = this.go.run("lock", etcd.clientUrl(), LOCK);
		first.tell("lock");
		soon().until(() -> first.lastLine().equals("locked"));
		EtcdLock lock = start().getBean(Locks.class).obtain("order");
		assertThat(lock.tryLock()).isFalse();
		assertThat(lock.tryLock(300, TimeUnit.MILLISECONDS)).isFalse();
		first.tell("unlock");
		assertThat(lock.tryLock(10, TimeUnit.SECONDS)).isTrue();
		Peer second = this.go.run("lock", etcd.clientUrl(), LOCK);
		second.tell("lock");
		awaitQueue(LOCK, 2);
		assertThat(second.lastLine()).isEqualTo("lock");
		lock.unlock();
		soon().until(() -> second.lastLine().equals("locked"));
		second.kill();
		assertThat(lock.tryLock(10, TimeUnit.SECONDS)).isTrue();
		lock.unlock();
	}

	private ConfigurableApplicationContext start() {
		return this.java.run(etcd.clientUrl(), "register=false");
	}

	private static void awaitQueue(String prefix, int size) {
		soon().until(() -> etcd.admin().keys(prefix + "/").size() == size);
	}

	private static ConditionFactory soon() {
		return Awaitility.await().atMost(Duration.ofSeconds(30)).pollInterval(Duration.ofMillis(50));
	}

}
