package io.github.etcddiscovery.coordination;

import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CopyOnWriteArrayList;

import io.github.etcddiscovery.client.EtcdClientFactory;
import io.github.etcddiscovery.client.EtcdConnection;
import io.github.etcddiscovery.client.JetcdLeaseStore;
import io.github.etcddiscovery.client.JetcdListerWatcher;
import io.github.etcddiscovery.client.JetcdQueueStore;
import io.github.etcddiscovery.core.EventLoop;
import io.github.etcddiscovery.core.Monitor;
import io.github.etcddiscovery.core.ThreadEventLoop;
import io.github.etcddiscovery.lease.Contender;
import io.github.etcddiscovery.lease.LeasedQueues;
import io.github.etcddiscovery.lease.ProcessLease;
import io.github.etcddiscovery.lease.Tenure;
import io.github.etcddiscovery.testing.EtcdExtension;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.RegisterExtension;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

/**
 * A thousand processes want to lead: when one leaves, etcd is asked by the next one and
 * by nobody else.
 */
class ManyContendersIntegrationTests {

	private static final int PROCESSES = Integer.getInteger("contenders", 1000);

	private static final Duration TIMEOUT = Duration.ofSeconds(20);

	/**
	 * So long that no lease is renewed meanwhile.
	 */
	private static final Duration TTL = Duration.ofMinutes(10);

	@RegisterExtension
	static final EtcdExtension etcd = EtcdExtension.single();

	@Test
	@DisplayName("row L12: a thousand want to lead")
	void areWokenOneAtATime() {
		App app = App.start("one", etcd.clientUrl());
		EventLoop loop = new ThreadEventLoop("test-loop");
		EventLoop watchdog = new ThreadEventLoop("test-watchdog");
		try (EtcdConnection connection = new EtcdConnection(app.get(EtcdClientFactory.class), TIMEOUT)) {
			List<Tenure> tenures = new CopyOnWriteArrayList<>();
			List<Contender> contenders = new ArrayList<>();
			for (int i = 0; i < PROCESSES; i++) {
				ProcessLease lease = new ProcessLease(new JetcdLeaseStore(connection, TTL), loop, TTL, Monitor.NONE);
				LeasedQueues queues = new LeasedQueues(new JetcdQueueStore(connection),
						(range) -> new JetcdListerWatcher(connection, range), lease, Duration.ofSeconds(1), watchdog,
						TIMEOUT);
				Contender contender = queues.contender("crowd/", "p" + i, new Contender.Listener() {

					@Override
					public void granted(Tenure tenure) {
						tenures.add(tenure);
					}

					@Override
					public void ended(Tenure tenure) {
					}

				});
				contenders.add(contender);
				contender.enter();
			}
			await().atMost(Duration.ofMinutes(2))
				.until(() -> contenders.stream().filter(this::isSettled).count() == PROCESSES);
			assertThat(etcd.admin().keys("crowd/")).hasSize(PROCESSES);
			assertThat(tenures).hasSize(1);
			long before = transactions();
			int rounds = 10;
			for (int round = 1; round <= rounds; round++) {
				int now = round;
				leader(contenders).leave().join();
				await().pollInterval(Duration.ofMillis(5))
					.atMost(Duration.ofSeconds(20))
					.until(() -> tenures.size() == now + 1);
			}
			assertThat(transactions() - before).as("questions of those who wait, for %d hand-overs", rounds)
				.isBetween((long) rounds, rounds * 2L);
			assertThat(tenures.stream().map(Tenure::token).toList()).isSorted();
		}
		finally {
			loop.close();
			watchdog.close();
			app.close();
		}
	}

	private boolean isSettled(Contender contender) {
		return contender.state() == Contender.State.QUEUED || contender.state() == Contender.State.OWNER;
	}

	private static Contender leader(List<Contender> contenders) {
		return contenders.stream()
			.filter((contender) -> contender.state() == Contender.State.OWNER)
			.findAny()
			.orElseThrow();
	}

	private static long transactions() {
		return etcd.cluster().member(0).calls("Txn");
	}

}
