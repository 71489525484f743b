package io.github.etcddiscovery.coordination;

import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;

import io.github.etcddiscovery.autoconfigure.EtcdClientAutoConfiguration;
import io.github.etcddiscovery.coordination.autoconfigure.EtcdShedLockAutoConfiguration;
import io.github.etcddiscovery.coordination.shedlock.EtcdShedLockProvider;
import io.github.etcddiscovery.testing.EtcdExtension;
import net.javacrumbs.shedlock.core.ClockProvider;
import net.javacrumbs.shedlock.core.LockConfiguration;
import net.javacrumbs.shedlock.core.SimpleLock;
import org.awaitility.core.ConditionFactory;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.extension.RegisterExtension;

import org.springframework.boot.autoconfigure.ImportAutoConfiguration;
import org.springframework.context.annotation.Configuration;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalStateException;
import static org.awaitility.Awaitility.await;

/**
 * What ShedLock asks of its own providers whose locks can be extended; its tests are in
 * an artifact that is not published.
 */
@Timeout(120)
class ShedLockContractIntegrationTests {

	private static final Duration LONG = Duration.ofMinutes(5);

	private static final AtomicInteger numbers = new AtomicInteger();

	@RegisterExtension
	static final EtcdExtension etcd = EtcdExtension.single();

	private static App one;

	private static App two;

	private String name;

	@BeforeAll
	static void start() {
		one = App.start("one", etcd.clientUrl(), List.of(ShedLock.class));
		two = App.start("two", etcd.clientUrl(), List.of(ShedLock.class));
	}

	@AfterAll
	static void stop() {
		two.close();
		one.close();
	}

	@BeforeEach
	void chooseAName() {
		this.name = "job-" + numbers.incrementAndGet();
	}

	@Test
	void isHadByOneAtATimeAndAgainRightAfterItsRelease() {
		for (int i = 0; i < 10; i++) {
			SimpleLock lock = lock(one, LONG, Duration.ZERO).orElseThrow();
			assertThat(lock(two, LONG, Duration.ZERO)).isEmpty();
			assertThat(lock(one, LONG, Duration.ZERO)).isEmpty();
			lock.unlock();
			assertThat(isLocked()).isFalse();
		}
	}

	@Test
	void isAnotherOneForAnotherName() {
		SimpleLock lock = lock(one, LONG, Duration.ZERO).orElseThrow();
		chooseAName();
		SimpleLock other = lock(one, LONG, Duration.ZERO).orElseThrow();
		lock.unlock();
		other.unlock();
	}

	/**
	 * Leases of etcd last two seconds and more.
	 */
	@Test
	void endsByItselfAfterATimeShorterThanAnyLease() {
		lock(one, Duration.ofMillis(50), Duration.ZERO).orElseThrow();
		await().pollInterval(Duration.ofMillis(20)).atMost(Duration.ofMillis(1500)).until(() -> !isLocked());
		lock(two, Duration.ofMillis(50), Duration.ZERO).orElseThrow().unlock();
	}

	@Test
	void endsByItselfWhenItsProcessIsGone() {
		App dies = App.start("dies", etcd.clientUrl(), List.of(ShedLock.class));
		lock(dies, Duration.ofSeconds(2), Duration.ZERO).orElseThrow();
		dies.close();
		assertThat(isLocked()).isTrue();
		soon().until(() -> !isLocked());
	}

	@Test
	void isKeptForAsLongAsItIsToBeAtLeast() {
		long acquiredAt = System.nanoTime();
		Duration atLeast = Duration.ofMillis(700);
		lock(one, LONG, atLeast).orElseThrow().unlock();
		await().pollInterval(Duration.ofMillis(20)).atMost(Duration.ofMillis(1900)).until(() -> {
			Optional<SimpleLock> next = lock(two, LONG, Duration.ZERO);
			next.ifPresent(SimpleLock::unlock);
			return next.isPresent();
		});
		assertThat(Duration.ofNanos(System.nanoTime() - acquiredAt)).isGreaterThanOrEqualTo(atLeast);
	}

	@Test
	void lastsLongerWhenItIsExtendedAgainAndAgain() {
		SimpleLock lock = lock(one, Duration.ofMillis(300), Duration.ZERO).orElseThrow();
		for (int i = 0; i < 3; i++) {
			lock = lock.extend(Duration.ofSeconds(10 + i), Duration.ZERO).orElseThrow();
		}
		await().during(Duration.ofMillis(400)).until(this::isLocked);
		lock.unlock();
		assertThat(isLocked()).isFalse();
	}

	@Test
	void isKeptForAsLongAsItWasExtendedForAtLeast() {
		lock(one, LONG, Duration.ZERO).orElseThrow().extend(LONG, Duration.ofSeconds(20)).orElseThrow().unlock();
		assertThat(isLocked()).isTrue();
	}

	@Test
	void isNotExtendedNorReleasedTwice() {
		SimpleLock lock = lock(one, LONG, Duration.ZERO).orElseThrow();
		SimpleLock extended = lock.extend(LONG, Duration.ZERO).orElseThrow();
		assertThatIllegalStateException().isThrownBy(() -> lock.extend(LONG, Duration.ZERO));
		assertThatIllegalStateException().isThrownBy(lock::unlock);
		assertThat(isLocked()).isTrue();
		extended.unlock();
		assertThatIllegalStateException().isThrownBy(() -> extended.extend(LONG, Duration.ZERO));
	}

	@Test
	void isNotExtendedWhenItsTimeWasOver() {
		SimpleLock lock = lock(one, Duration.ofMillis(2), Duration.ZERO).orElseThrow();
		await().pollDelay(Duration.ofMillis(5)).until(() -> true);
		assertThat(lock.extend(LONG, Duration.ZERO)).isEmpty();
		assertThat(isLocked()).isFalse();
	}

	@Test
	void letsOneInAtATimeAmongMany() throws Exception {
		AtomicInteger inside = new AtomicInteger();
		AtomicInteger counter = new AtomicInteger();
		List<CompletableFuture<Void>> all = new ArrayList<>();
		for (App app : List.of(one, two, one, two)) {
			all.add(CompletableFuture.runAsync(() -> {
				int done = 0;
				while (done < 20) {
					Optional<SimpleLock> lock = lock(app, LONG, Duration.ZERO);
					if (lock.isPresent()) {
						assertThat(inside.incrementAndGet()).isEqualTo(1);
						counter.incrementAndGet();
						inside.decrementAndGet();
						lock.get().unlock();
						done++;
					}
				}
			}));
		}
		CompletableFuture.allOf(all.toArray(CompletableFuture[]::new)).get(60, TimeUnit.SECONDS);
		assertThat(counter).hasValue(80);
	}

	private Optional<SimpleLock> lock(App app, Duration atMost, Duration atLeast) {
		return app.get(EtcdShedLockProvider.class)
			.lock(new LockConfiguration(ClockProvider.now(), this.name, atMost, atLeast));
	}

	private boolean isLocked() {
		return etcd.admin().keys("coordination/shedlock/").contains("coordination/shedlock/" + this.name);
	}

	private static ConditionFactory soon() {
		return await().pollInterval(Duration.ofMillis(20)).atMost(Duration.ofSeconds(10));
	}

	@Configuration(proxyBeanMethods = false)
	@ImportAutoConfiguration({ EtcdClientAutoConfiguration.class, EtcdShedLockAutoConfiguration.class })
	static class ShedLock {

	}

}
