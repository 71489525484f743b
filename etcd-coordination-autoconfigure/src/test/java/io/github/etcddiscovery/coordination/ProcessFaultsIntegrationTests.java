package io.github.etcddiscovery.coordination;

import java.time.Duration;
import java.util.List;

import io.github.etcddiscovery.coordination.leader.Leadership;
import io.github.etcddiscovery.testing.EtcdCluster;
import io.github.etcddiscovery.testing.EtcdExtension;
import io.github.etcddiscovery.testing.EtcdMember;
import io.github.etcddiscovery.testing.JavaApplication;
import org.awaitility.core.ConditionFactory;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.RegisterExtension;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

/**
 * What becomes of a leader whose process is stopped or killed, and of one whose member of
 * etcd is.
 */
class ProcessFaultsIntegrationTests {

	private static final String QUEUE = "coordination/leaders/billing/";

	@RegisterExtension
	static final EtcdExtension etcd = EtcdExtension.of(EtcdCluster.ofThree());

	private JavaApplication child;

	private App app;

	private Leadership leadership;

	@BeforeEach
	void letTheChildLead() {
		this.child = JavaApplication.start(LeaderMain.class, List.of("-XX:TieredStopAtLevel=1"),
				String.join(",", etcd.endpoints()));
		await().atMost(Duration.ofSeconds(60))
			.untilAsserted(() -> assertThat(this.child.output()).contains("leading with"));
		this.app = App.start("one", String.join(",", etcd.endpoints()), "spring.cloud.etcd.coordination.ttl=3s");
		this.leadership = this.app.campaign("billing");
		soon().until(() -> etcd.admin().keys(QUEUE).size() == 2);
	}

	@AfterEach
	void close() {
		this.child.close();
		this.app.close();
	}

	@Test
	@DisplayName("row L2: the leader is killed")
	void leadsWhenTheLeaderWasKilled() {
		long killedAt = System.nanoTime();
		this.child.kill();
		await().pollInterval(Duration.ofMillis(5)).atMost(Duration.ofSeconds(20)).until(this.leadership::isLeader);
		Times.report("hand-over after a kill, with a time to live of 3 s", killedAt);
		assertThat(etcd.admin().keys(QUEUE)).hasSize(1);
	}

	@Test
	@DisplayName("row L3: the leader is frozen for longer than T")
	void isNotLedByAProcessThatWasStoppedForLongerThanItsLease() {
		this.child.pause();
		await().atMost(Duration.ofSeconds(20)).until(this.leadership::isLeader);
		long token = this.leadership.fencingToken();
		int said = this.child.output().length();
		this.child.resume();
		soon().until(() -> etcd.admin().keys(QUEUE).size() == 2);
		assertThat(this.leadership.isLeader()).isTrue();
		assertThat(this.child.output().substring(said)).doesNotContain("leading with");
		this.leadership.yield();
		soon().until(() -> this.child.output().substring(said).contains("leading with"));
		assertThat(this.child.output().substring(said)).doesNotContain("leading with " + token);
	}

	@Test
	@DisplayName("row L6: the leader of etcd is killed")
	void goesOnLeadingWhenEtcdChangesItsLeader() {
		this.child.kill();
		await().atMost(Duration.ofSeconds(20)).until(this.leadership::isLeader);
		long token = this.leadership.fencingToken();
		EtcdMember former = etcd.cluster().leader();
		former.kill();
		await().atMost(Duration.ofSeconds(20)).ignoreExceptions().until(() -> etcd.cluster().leader() != former);
		soon().until(this.leadership::isLeader);
		assertThat(this.leadership.fencingToken()).isEqualTo(token);
	}

	private static ConditionFactory soon() {
		return await().pollInterval(Duration.ofMillis(20)).atMost(Duration.ofSeconds(15));
	}

}
