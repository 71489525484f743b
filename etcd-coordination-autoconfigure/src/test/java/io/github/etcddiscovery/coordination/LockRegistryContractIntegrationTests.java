package io.github.etcddiscovery.coordination;

import java.time.Duration;
import java.util.ArrayList;
import java.util.ConcurrentModificationException;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.Callable;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.Lock;

import io.github.etcddiscovery.coordination.integration.EtcdLockRegistry;
import io.github.etcddiscovery.coordination.lock.Locks;
import io.github.etcddiscovery.testing.EtcdExtension;
import org.awaitility.core.ConditionFactory;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.extension.RegisterExtension;

import org.springframework.integration.leader.Context;
import org.springframework.integration.leader.DefaultCandidate;
import org.springframework.integration.leader.event.LeaderEventPublisher;
import org.springframework.integration.support.leader.LockRegistryLeaderInitiator;
import org.springframework.integration.support.locks.DistributedLock;
import org.springframework.test.util.ReflectionTestUtils;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;
import static org.awaitility.Awaitility.await;

/**
 * What Spring Integration asks of its own lock registries, on JDBC, Redis and ZooKeeper,
 * and of the leader initiator that stands on one.
 */
@Timeout(120)
class LockRegistryContractIntegrationTests {

	@RegisterExtension
	static final EtcdExtension etcd = EtcdExtension.single();

	private static final ExecutorService threads = Executors.newCachedThreadPool();

	private static App one;

	private static App two;

	private static EtcdLockRegistry registry;

	private static EtcdLockRegistry other;

	@BeforeAll
	static void start() {
		one = App.start("one", etcd.clientUrl());
		two = App.start("two", etcd.clientUrl());
		registry = new EtcdLockRegistry(one.locks());
		other = new EtcdLockRegistry(two.locks());
	}

	@AfterAll
	static void stop() {
		threads.shutdownNow();
		two.close();
		one.close();
	}

	@Test
	void hasOneLockForAKey() {
		Lock lock = registry.obtain("foo");
		assertThat(registry.obtain("foo")).isSameAs(lock);
		assertThat(registry.obtain("bar")).isNotSameAs(lock);
	}

	@Test
	void isReentrantHoweverItIsAcquired() throws Exception {
		DistributedLock lock = registry.obtain("foo");
		lock.lock();
		lock.lockInterruptibly();
		assertThat(lock.tryLock()).isTrue();
		assertThat(lock.tryLock(1, TimeUnit.SECONDS)).isTrue();
		lock.lock(Duration.ofSeconds(30));
		for (int i = 0; i < 4; i++) {
			lock.unlock();
			assertThat(elsewhere(() -> other.obtain("foo").tryLock())).as("after %d of 5", i + 1).isFalse();
		}
		lock.unlock();
		assertThat(elsewhere(() -> takeAndRelease(other))).isTrue();
	}

	@Test
	void belongsToTheThreadThatHasIt() throws Exception {
		Lock lock = registry.obtain("foo");
		lock.lockInterruptibly();
		try {
			assertThat(elsewhere(() -> lock.tryLock(200, TimeUnit.MILLISECONDS))).isFalse();
			assertThat(elsewhere(() -> failure(lock::unlock))).isInstanceOf(IllegalMonitorStateException.class)
				.hasMessageContaining("own");
			assertThat(elsewhere(() -> failure(() -> registry.renewLock("foo"))))
				.isInstanceOf(IllegalMonitorStateException.class);
		}
		finally {
			lock.unlock();
		}
	}

	@Test
	void passesToAThreadThatWaitsHereOrElsewhere() throws Exception {
		for (EtcdLockRegistry next : List.of(registry, other)) {
			Lock lock = registry.obtain("foo");
			lock.lock();
			Future<Boolean> waiting = threads.submit(() -> {
				Lock same = next.obtain("foo");
				same.lockInterruptibly();
				same.unlock();
				return true;
			});
			soon().until(() -> waits(next));
			assertThat(waiting).isNotDone();
			lock.unlock();
			assertThat(waiting.get(10, TimeUnit.SECONDS)).isTrue();
		}
	}

	private static boolean waits(EtcdLockRegistry next) {
		// In this process one waits for the other, and only the first is in etcd
		return next == registry || etcd.admin().keys("coordination/locks/foo/").size() == 2;
	}

	@Test
	void letsOneInAtATimeWithoutLosingAnything() throws Exception {
		BlockingQueue<Integer> data = new LinkedBlockingQueue<>();
		List<Future<?>> all = new ArrayList<>();
		for (EtcdLockRegistry each : List.of(registry, other)) {
			all.add(threads.submit(() -> {
				for (int i = 0; i < 20; i++) {
					Lock lock = each.obtain("data");
					lock.lock();
					try {
						data.add(data.size() + 1);
					}
					finally {
						lock.unlock();
					}
				}
			}));
		}
		for (Future<?> each : all) {
			each.get(60, TimeUnit.SECONDS);
		}
		for (int i = 1; i <= 40; i++) {
			assertThat(data.remove()).isEqualTo(i);
		}
	}

	@Test
	void saysThatItsTimeWasOverAndLeavesTheNextHolderAlone() throws Exception {
		DistributedLock lock = registry.obtain("foo");
		assertThat(lock.tryLock(Duration.ofSeconds(5), Duration.ofMillis(100))).isTrue();
		Lock next = other.obtain("foo");
		assertThat(next.tryLock(10, TimeUnit.SECONDS)).isTrue();
		assertThatExceptionOfType(ConcurrentModificationException.class).isThrownBy(lock::unlock);
		assertThat(elsewhere(() -> registry.obtain("foo").tryLock())).isFalse();
		next.unlock();
	}

	@Test
	void lastsLongerWhenItIsRenewed() throws Exception {
		DistributedLock lock = registry.obtain("foo");
		assertThat(lock.tryLock(Duration.ofSeconds(5), Duration.ofMillis(500))).isTrue();
		registry.renewLock("foo", Duration.ofSeconds(30));
		assertThat(elsewhere(() -> other.obtain("foo").tryLock(600, TimeUnit.MILLISECONDS))).isFalse();
		lock.unlock();
		lock.lock(Duration.ofMillis(400));
		for (int i = 0; i < 5; i++) {
			registry.renewLock("foo");
			assertThat(elsewhere(() -> other.obtain("foo").tryLock(100, TimeUnit.MILLISECONDS))).isFalse();
		}
		lock.unlock();
	}

	/**
	 * What comes after the lock may count on its being free.
	 */
	@Test
	void isReleasedAndSaysThatItWasLostAlsoInAThreadThatIsInterrupted() throws Exception {
		List<Object> said = new CopyOnWriteArrayList<>();
		elsewhere(() -> {
			Lock lock = registry.obtain("foo");
			lock.lock();
			Thread.currentThread().interrupt();
			lock.unlock();
			said.add(Thread.interrupted());
			said.add(etcd.admin().keys("coordination/locks/foo/").size());
			registry.obtain("foo").lock(Duration.ofMillis(50));
			soon().until(() -> etcd.admin().keys("coordination/locks/foo/").isEmpty());
			Thread.currentThread().interrupt();
			said.add(failure(lock::unlock).getClass().getSimpleName());
			said.add(Thread.interrupted());
			return true;
		});
		assertThat(said).containsExactly(true, 0, "LockLostException", true);
	}

	@Test
	void keepsNothingOfLocksThatNobodyHas() throws Exception {
		List<Future<?>> all = new ArrayList<>();
		for (int thread = 0; thread < 4; thread++) {
			int first = thread;
			all.add(threads.submit(() -> {
				for (int i = 0; i < 50; i++) {
					Lock lock = registry.obtain("order-" + (first * 50 + i));
					assertThat(lock.tryLock()).isTrue();
					lock.unlock();
				}
			}));
		}
		for (Future<?> each : all) {
			each.get(60, TimeUnit.SECONDS);
		}
		registry.expireUnusedOlderThan(0);
		soon().untilAsserted(() -> assertThat(remembered(one.locks(), "queues")).isEmpty());
		assertThat(remembered(one.locks(), "holds")).isEmpty();
	}

	private static Map<?, ?> remembered(Locks locks, String field) {
		return (Map<?, ?>) Objects.requireNonNull(ReflectionTestUtils.getField(locks, field));
	}

	@Test
	void carriesALeaderInitiator() {
		List<String> said = new CopyOnWriteArrayList<>();
		LockRegistryLeaderInitiator first = initiator(registry, "first", said);
		LockRegistryLeaderInitiator second = initiator(other, "second", said);
		try {
			assertThat(first.getContext().isLeader()).isFalse();
			first.start();
			soon().until(() -> said.contains("first granted") && first.getContext().isLeader());
			second.start();
			await().during(Duration.ofMillis(300)).until(() -> !second.getContext().isLeader());
			first.getContext().yield();
			soon().until(() -> said.contains("first revoked"));
			soon().until(() -> second.getContext().isLeader() || first.getContext().isLeader());
			first.stop();
			soon().until(() -> second.getContext().isLeader() && !first.getContext().isLeader());
		}
		finally {
			first.stop();
			second.stop();
		}
		assertThat(said).contains("second granted");
		soon().until(() -> etcd.admin().keys("coordination/locks/initiator/").isEmpty());
	}

	private static LockRegistryLeaderInitiator initiator(EtcdLockRegistry locks, String id, List<String> said) {
		LockRegistryLeaderInitiator initiator = new LockRegistryLeaderInitiator(locks,
				new DefaultCandidate(id, "initiator") {

					@Override
					public void onGranted(Context context) {
						said.add(id + " granted");
					}

					@Override
					public void onRevoked(Context context) {
						said.add(id + " revoked");
					}

				});
		initiator.setHeartBeatMillis(20);
		initiator.setBusyWaitMillis(20);
		initiator.setLeaderEventPublisher(new FailingPublisher());
		return initiator;
	}

	private static boolean takeAndRelease(EtcdLockRegistry from) {
		Lock lock = from.obtain("foo");
		boolean acquired = lock.tryLock();
		lock.unlock();
		return acquired;
	}

	private static <T> T elsewhere(Callable<T> task) throws Exception {
		return threads.submit(task).get(20, TimeUnit.SECONDS);
	}

	private static Throwable failure(Runnable task) {
		try {
			task.run();
			return new AssertionError("it did not fail");
		}
		catch (RuntimeException ex) {
			return ex;
		}
	}

	private static ConditionFactory soon() {
		return await().pollInterval(Duration.ofMillis(20)).atMost(Duration.ofSeconds(10));
	}

	/**
	 * No harm comes of it.
	 */
	private static final class FailingPublisher implements LeaderEventPublisher {

		@Override
		public void publishOnGranted(Object source, Context context, String role) {
			throw new IllegalStateException("a bug");
		}

		@Override
		public void publishOnRevoked(Object source, Context context, String role) {
			throw new IllegalStateException("a bug");
		}

		@Override
		public void publishOnFailedToAcquire(Object source, Context context, String role) {
		}

	}

}
