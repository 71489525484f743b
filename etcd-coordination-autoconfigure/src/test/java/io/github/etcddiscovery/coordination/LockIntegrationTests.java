package io.github.etcddiscovery.coordination;

import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;

import io.github.etcddiscovery.coordination.lock.EtcdLock;
import io.github.etcddiscovery.coordination.lock.LockLostEvent;
import io.github.etcddiscovery.coordination.lock.LockLostException;
import io.github.etcddiscovery.coordination.lock.LockToken;
import io.github.etcddiscovery.testing.EtcdExtension;
import io.github.etcddiscovery.testing.TcpProxy;
import org.awaitility.core.ConditionFactory;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.condition.EnabledForJreRange;
import org.junit.jupiter.api.condition.JRE;
import org.junit.jupiter.api.extension.RegisterExtension;
import reactor.core.Disposable;
import reactor.core.publisher.Mono;

import org.springframework.context.ApplicationListener;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.awaitility.Awaitility.await;

/**
 * Locks on a real etcd, and what happens to them there.
 */
class LockIntegrationTests {

	/**
	 * Where the end of a lease is waited for. Others have more patience with a busy
	 * machine.
	 */
	private static final String TTL = "spring.cloud.etcd.coordination.ttl=3s";

	private static final String QUEUE = "coordination/locks/order/";

	@RegisterExtension
	static final EtcdExtension etcd = EtcdExtension.single();

	private static final ExecutorService threads = Executors.newCachedThreadPool();

	private final List<AutoCloseable> opened = new ArrayList<>();

	private App one;

	@BeforeEach
	void start() {
		this.one = start("one");
	}

	@AfterEach
	void closeAll() throws Exception {
		for (int i = this.opened.size() - 1; i >= 0; i--) {
			this.opened.get(i).close();
		}
	}

	@AfterAll
	static void stopThreads() {
		threads.shutdownNow();
	}

	@Test
	void isHeldByOneThreadOfAllProcessesAtATime() throws Exception {
		App two = start("two");
		AtomicInteger inside = new AtomicInteger();
		AtomicInteger most = new AtomicInteger();
		List<Long> tokens = new CopyOnWriteArrayList<>();
		List<CompletableFuture<Void>> all = new ArrayList<>();
		for (App app : List.of(this.one, two)) {
			for (int thread = 0; thread < 5; thread++) {
				all.add(CompletableFuture.runAsync(() -> {
					EtcdLock lock = app.locks().obtain("order");
					for (int round = 0; round < 4; round++) {
						lock.lock();
						try {
							most.accumulateAndGet(inside.incrementAndGet(), Math::max);
							tokens.add(lock.fencingToken());
							Thread.yield();
							inside.decrementAndGet();
						}
						finally {
							lock.unlock();
						}
					}
				}, threads));
			}
		}
		CompletableFuture.allOf(all.toArray(CompletableFuture[]::new)).get(60, TimeUnit.SECONDS);
		assertThat(most).hasValue(1);
		assertThat(tokens).hasSize(40).isSorted().doesNotHaveDuplicates();
		soon().until(() -> etcd.admin().keys("coordination/").isEmpty());
	}

	/**
	 * A thread that waits for etcd must not keep its carrier: there are fewer of them
	 * than threads that wait.
	 */
	@Test
	@EnabledForJreRange(min = JRE.JAVA_21)
	void isHeldByOneVirtualThreadAtATime() throws Exception {
		ExecutorService virtual = (ExecutorService) Executors.class.getMethod("newVirtualThreadPerTaskExecutor")
			.invoke(null);
		int[] count = new int[1];
		List<CompletableFuture<Void>> all = new ArrayList<>();
		for (int i = 0; i < 100; i++) {
			all.add(CompletableFuture.runAsync(() -> {
				EtcdLock lock = this.one.locks().obtain("order");
				lock.lock();
				try {
					count[0]++;
				}
				finally {
					lock.unlock();
				}
			}, virtual));
		}
		CompletableFuture.allOf(all.toArray(CompletableFuture[]::new)).get(60, TimeUnit.SECONDS);
		virtual.shutdown();
		assertThat(count[0]).isEqualTo(100);
	}

	@Test
	void isReentrant() {
		EtcdLock lock = this.one.locks().obtain("order");
		lock.lock();
		assertThat(lock.tryLock()).isTrue();
		lock.unlock();
		assertThat(lock.isHeldByCurrentThread()).isTrue();
		lock.unlock();
		assertThat(lock.isHeldByCurrentThread()).isFalse();
		assertThatExceptionOfType(IllegalMonitorStateException.class).isThrownBy(lock::unlock);
	}

	@Test
	@DisplayName("row L11: a wait for a lock is given up")
	void leavesNothingBehindWhenNobodyWaitsAnyMore() throws Exception {
		App two = start("two");
		EtcdLock first = this.one.locks().obtain("order");
		EtcdLock second = two.locks().obtain("order");
		first.lock();
		assertThat(second.tryLock()).isFalse();
		assertThat(second.tryLock(100, TimeUnit.MILLISECONDS)).isFalse();
		Thread waiting = new Thread(
				() -> assertThatThrownBy(second::lockInterruptibly).isInstanceOf(InterruptedException.class));
		waiting.start();
		soon().until(() -> etcd.admin().keys(QUEUE).size() == 2);
		waiting.interrupt();
		waiting.join(10_000);
		Disposable chain = two.locks().acquire("order").subscribe();
		soon().until(() -> etcd.admin().keys(QUEUE).size() == 2);
		chain.dispose();
		soon().until(() -> etcd.admin().keys(QUEUE).size() == 1);
		first.unlock();
		soon().until(() -> etcd.admin().keys(QUEUE).isEmpty());
		assertThat(second.tryLock()).isTrue();
		second.unlock();
	}

	@Test
	void isReleasedAtTheEndOfAReactiveChain() {
		List<Boolean> held = new CopyOnWriteArrayList<>();
		Long token = Mono.usingWhen(this.one.locks().acquire("order"), (lock) -> Mono.fromSupplier(() -> {
			held.add(lock.isHeld());
			return lock.fencingToken();
		}), LockToken::release).block(Duration.ofSeconds(10));
		assertThat(held).containsExactly(true);
		assertThat(token).isPositive();
		assertThat(etcd.admin().keys(QUEUE)).isEmpty();
	}

	@Test
	@DisplayName("row L7: the key of a lock is deleted")
	void saysOnUnlockAndByAnEventThatItWasLost() {
		List<LockLostEvent> events = new CopyOnWriteArrayList<>();
		this.one.context().addApplicationListener((ApplicationListener<LockLostEvent>) events::add);
		EtcdLock lock = this.one.locks().obtain("order");
		lock.lock();
		etcd.admin().deletePrefix(QUEUE);
		soon().until(() -> !lock.isHeld());
		assertThatExceptionOfType(LockLostException.class).isThrownBy(lock::unlock)
			.withMessageStartingWith("Lock 'order' was lost while it was held: key '" + QUEUE);
		soon().until(() -> events.size() == 1);
		assertThat(events.get(0).getName()).isEqualTo("order");
		lock.lock();
		lock.unlock();
	}

	@Test
	@DisplayName("row L7: the key of a lock is deleted right before its release")
	void saysOnUnlockThatItsKeyWasGone() {
		List<LockLostEvent> events = new CopyOnWriteArrayList<>();
		this.one.context().addApplicationListener((ApplicationListener<LockLostEvent>) events::add);
		EtcdLock lock = this.one.locks().obtain("order");
		for (int i = 1; i <= 5; i++) {
			lock.lock();
			etcd.admin().deletePrefix(QUEUE);
			assertThatExceptionOfType(LockLostException.class).isThrownBy(lock::unlock);
			int lost = i;
			soon().until(() -> events.size() == lost);
		}
	}

	@Test
	@DisplayName("row L4: the holder of a lock is cut off from etcd")
	void endsBeforeAnotherOneHasItWhenItsHolderIsCutOff() {
		TcpProxy proxy = open(TcpProxy.to(etcd.clientUrl()));
		App cut = open(App.start("cut", proxy.url(), TTL));
		EtcdLock lock = cut.locks().obtain("order");
		EtcdLock other = this.one.locks().obtain("order");
		lock.lock();
		CompletableFuture<Void> acquired = CompletableFuture.runAsync(other::lock, threads);
		soon().until(() -> etcd.admin().keys(QUEUE).size() == 2);
		proxy.blackhole();
		await().pollInterval(Duration.ofMillis(2)).atMost(Duration.ofSeconds(15)).until(() -> {
			// In this order: the first ends before the second begins
			boolean begun = other.isHeld();
			assertThat(begun && lock.isHeld()).as("two holders").isFalse();
			return acquired.isDone();
		});
		assertThat(lock.isHeldByCurrentThread()).isFalse();
		assertThatExceptionOfType(LockLostException.class).isThrownBy(lock::unlock);
	}

	@Test
	void endsAfterItsTimeUnlessItIsRenewed() throws InterruptedException {
		EtcdLock lock = this.one.locks().obtain("order");
		lock.lock(Duration.ofSeconds(1));
		assertThat(lock.token().orElseThrow().validFor()).isBetween(Duration.ofMillis(1), Duration.ofSeconds(1));
		lock.renew(Duration.ofSeconds(30));
		assertThat(lock.token().orElseThrow().validFor()).isGreaterThan(Duration.ofSeconds(1));
		lock.renew(Duration.ofMillis(200));
		soon().until(() -> !lock.isHeld());
		soon().until(() -> etcd.admin().keys(QUEUE).isEmpty());
		assertThatExceptionOfType(LockLostException.class).isThrownBy(lock::unlock);
	}

	@Test
	void keepsTwoLocksApartWhoseNamesBeginAlike() {
		EtcdLock one = this.one.locks().obtain("a");
		EtcdLock below = this.one.locks().obtain("a/b");
		below.lock();
		assertThat(one.tryLock()).isTrue();
		one.unlock();
		below.unlock();
	}

	@Test
	void waitsWhileEtcdIsAway() throws Exception {
		EtcdLock lock = this.one.locks().obtain("order");
		etcd.cluster().kill();
		assertThat(lock.tryLock()).isFalse();
		CountDownLatch locked = new CountDownLatch(1);
		threads.execute(() -> {
			lock.lock();
			locked.countDown();
			lock.unlock();
		});
		etcd.cluster().restart();
		assertThat(locked.await(20, TimeUnit.SECONDS)).isTrue();
	}

	private App start(String id) {
		return open(App.start(id, etcd.clientUrl()));
	}

	private <T extends AutoCloseable> T open(T resource) {
		this.opened.add(resource);
		return resource;
	}

	private static ConditionFactory soon() {
		return await().pollInterval(Duration.ofMillis(20)).atMost(Duration.ofSeconds(10));
	}

}
