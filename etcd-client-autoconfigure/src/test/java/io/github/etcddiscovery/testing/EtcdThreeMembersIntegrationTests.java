package io.github.etcddiscovery.testing;

import java.time.Duration;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.atomic.AtomicBoolean;

import org.awaitility.Awaitility;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.extension.RegisterExtension;

import static org.assertj.core.api.Assertions.assertThat;

/**
 * Tests for {@link EtcdCluster} with three members.
 */
@Timeout(60)
class EtcdThreeMembersIntegrationTests {

	@RegisterExtension
	static final EtcdExtension etcd = EtcdExtension.ofThree();

	private final EtcdCluster cluster = etcd.cluster();

	private final EtcdAdmin admin = etcd.admin();

	@Test
	void hasOneLeaderAndTwoFollowers() {
		EtcdMember leader = this.cluster.leader();
		List<EtcdMember> followers = this.cluster.followers();
		assertThat(followers).hasSize(2).doesNotContain(leader);
		assertThat(this.cluster.endpoints()).hasSize(3).doesNotHaveDuplicates();
	}

	@Test
	void electsAnotherLeaderWhenTheLeaderIsKilled() {
		this.admin.put("key", "before");
		EtcdMember leader = this.cluster.leader();
		leader.kill();
		assertThat(this.cluster.leader()).isNotSameAs(leader);
		this.admin.put("key", "after");
		leader.start();
		assertThat(this.cluster.followers()).hasSize(2);
		assertThat(this.admin.get("key")).isEqualTo("after");
	}

	@Test
	void electsAnotherLeaderWhenTheLeaderIsPaused() {
		EtcdMember leader = this.cluster.leader();
		leader.pause();
		assertThat(this.cluster.leader()).isNotSameAs(leader);
		this.admin.put("key", "value");
		leader.resume();
		leader.awaitHealthy();
		assertThat(this.admin.get("key")).isEqualTo("value");
	}

	@Test
	void keepsItsLeaderWhenAFollowerIsKilled() {
		EtcdMember leader = this.cluster.leader();
		EtcdMember follower = this.cluster.followers().get(0);
		follower.kill();
		this.admin.put("key", "value");
		assertThat(this.cluster.leader()).isSameAs(leader);
		follower.start();
	}

	@Test
	void isIllWithoutAQuorum() {
		EtcdMember leader = this.cluster.leader();
		this.cluster.followers().forEach(EtcdMember::kill);
		assertThat(leader.isRunning()).isTrue();
		assertThat(leader.isHealthy()).isFalse();
		this.cluster.start();
		assertThat(leader.isHealthy()).isTrue();
	}

	@Test
	void servesThroughARollingRestart() {
		this.cluster.members().forEach((member) -> {
			member.restart();
			this.admin.put(member.name(), "value");
		});
		assertThat(this.admin.keys("")).containsExactly("etcd1", "etcd2", "etcd3");
	}

	@Test
	void isAdministeredPastAMemberThatIsIsolated() {
		EtcdMember isolated = this.cluster.leader();
		this.cluster.isolate(isolated);
		// The others follow it until they elect one of them
		Awaitility.await()
			.atMost(Duration.ofSeconds(10))
			.until(() -> !isolated.hasLeader() && this.cluster.members().stream().anyMatch(EtcdMember::isLeader));
		for (int i = 0; i < 10; i++) {
			String key = "key" + i;
			this.admin.disconnect();
			assertThat(CompletableFuture.supplyAsync(() -> this.admin.put(key, "value")))
				.as("a write that the isolated member does not take")
				.succeedsWithin(Duration.ofSeconds(4));
		}
		this.cluster.reunite();
		assertThat(this.admin.keys("key")).hasSize(10);
	}

	@Test
	void isAdministeredFromOtherThreadsWhileMembersComeAndGo() {
		AtomicBoolean done = new AtomicBoolean();
		CompletableFuture<Integer> writer = CompletableFuture.supplyAsync(() -> {
			int writes = 0;
			while (!done.get()) {
				this.admin.put("key", Integer.toString(++writes));
			}
			return writes;
		}, (task) -> new Thread(task, "writer").start());
		try {
			this.cluster.leader().restart();
			EtcdMember leader = this.cluster.leader();
			leader.kill();
			leader.start();
			this.cluster.leader().pause();
			this.cluster.leader();
			this.cluster.resume();
		}
		finally {
			done.set(true);
		}
		assertThat(writer).succeedsWithin(Duration.ofSeconds(30));
		assertThat(this.admin.get("key")).isEqualTo(writer.join().toString());
	}

	@Test
	void goesBackToAnOlderCopyOfItsData() {
		this.admin.put("key", "old");
		EtcdCluster.DataCopy copy = this.cluster.copyData();
		this.admin.put("key", "new");
		this.cluster.restore(copy);
		assertThat(this.admin.get("key")).isEqualTo("old");
	}

	@Test
	void losesEverythingWhenWiped() {
		this.admin.put("key", "value");
		this.cluster.wipe();
		assertThat(this.admin.keys("")).isEmpty();
	}

}
