package io.github.etcddiscovery.coordination;

import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.Executor;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;

import io.github.etcddiscovery.coordination.leader.LeaderOnly;
import io.github.etcddiscovery.coordination.leader.NotLeaderException;
import io.github.etcddiscovery.coordination.leader.OnRevoked;
import io.github.etcddiscovery.testing.EtcdExtension;
import org.awaitility.core.ConditionFactory;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.RegisterExtension;
import reactor.core.publisher.Mono;

import org.springframework.aop.support.AopUtils;
import org.springframework.context.annotation.Bean;
import org.springframework.context.annotation.Configuration;
import org.springframework.scheduling.annotation.EnableScheduling;
import org.springframework.scheduling.annotation.Scheduled;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;
import static org.awaitility.Awaitility.await;

/**
 * Methods that only the leader runs.
 */
class LeaderOnlyIntegrationTests {

	@RegisterExtension
	static final EtcdExtension etcd = EtcdExtension.single();

	private final List<App> opened = new ArrayList<>();

	@AfterEach
	void closeAll() {
		for (int i = this.opened.size() - 1; i >= 0; i--) {
			this.opened.get(i).close();
		}
	}

	@Test
	void runsAScheduledMethodInTheLeaderOnly() {
		App one = start("one");
		Jobs first = one.get(Jobs.class);
		soon().until(() -> first.ticks().size() >= 3);
		App two = start("two");
		Jobs second = two.get(Jobs.class);
		soon().until(() -> etcd.admin().keys("coordination/leaders/ticker/").size() == 2);
		int before = first.ticks().size();
		soon().until(() -> first.ticks().size() > before + 3);
		assertThat(second.ticks()).isEmpty();
		assertThat(first.ticks()).containsOnly(one.campaign("ticker").fencingToken());
		long token = one.campaign("ticker").fencingToken();
		one.close();
		int stopped = first.ticks().size();
		soon().until(() -> second.ticks().size() >= 3);
		assertThat(second.ticks()).allMatch((each) -> each > token);
		assertThat(first.ticks()).hasSize(stopped);
	}

	@Test
	void guardsAScheduledMethodBehindAnInterfaceToo() {
		App one = App.start("one", etcd.clientUrl(), List.of(ReportConfiguration.class),
				"spring.aop.proxy-target-class=false");
		this.opened.add(one);
		Report first = one.get(Report.class);
		assertThat(AopUtils.isJdkDynamicProxy(first)).isTrue();
		soon().until(() -> first.runs() >= 2);
		App two = App.start("two", etcd.clientUrl(), List.of(ReportConfiguration.class),
				"spring.aop.proxy-target-class=false");
		this.opened.add(two);
		soon().until(() -> etcd.admin().keys("coordination/leaders/report/").size() == 2);
		int before = first.runs();
		soon().until(() -> first.runs() > before + 2);
		assertThat(two.get(Report.class).runs()).isZero();
	}

	@Test
	void skipsOtherMethodsWhereItDoesNotLead() {
		App one = start("one");
		soon().until(() -> one.campaign("work").isLeader());
		App two = start("two");
		soon().until(() -> etcd.admin().keys("coordination/leaders/work/").size() == 2);
		Jobs leader = one.get(Jobs.class);
		Jobs follower = two.get(Jobs.class);
		long token = one.campaign("work").fencingToken();
		assertThat(leader.text(null)).isEqualTo("token " + token);
		assertThat(leader.optional()).contains(token);
		assertThat(leader.future().join()).isEqualTo(token);
		assertThat(leader.mono(null).block()).isEqualTo(token);
		assertThat(leader.primitive()).isEqualTo(token);
		assertThat(follower.text(null)).isNull();
		assertThat(follower.optional()).isEmpty();
		assertThat(follower.future().join()).isNull();
		assertThat(follower.mono(null).blockOptional()).isEmpty();
		assertThatExceptionOfType(NotLeaderException.class).isThrownBy(follower::primitive)
			.withMessage("This process is not the leader for 'work'");
		assertThatExceptionOfType(IllegalArgumentException.class).isThrownBy(leader::failing).withMessage("wrong");
	}

	@Test
	void interruptsWhatIsToBeInterruptedAndWaitsForTheRest() throws Exception {
		App one = start("one");
		soon().until(() -> one.campaign("work").isLeader());
		App two = start("two");
		soon().until(() -> etcd.admin().keys("coordination/leaders/work/").size() == 2);
		Jobs jobs = one.get(Jobs.class);
		// The common pool may have one thread only
		Executor threads = (job) -> new Thread(job).start();
		CompletableFuture<Boolean> interrupted = CompletableFuture.supplyAsync(jobs::interruptible, threads);
		CompletableFuture<Void> finished = CompletableFuture.runAsync(jobs::finishing, threads);
		assertThat(jobs.begun().await(5, TimeUnit.SECONDS)).isTrue();
		one.campaign("work").yield();
		assertThat(interrupted.get(5, TimeUnit.SECONDS)).isTrue();
		assertThat(two.campaign("work").isLeader()).as("while the other one finishes").isFalse();
		jobs.finish().countDown();
		finished.get(5, TimeUnit.SECONDS);
		soon().until(() -> two.campaign("work").isLeader());
	}

	@Test
	void cancelsAFutureAndLeavesTheThreadAloneThatHasReturnedIt() {
		App one = start("one");
		soon().until(() -> one.campaign("work").isLeader());
		CompletableFuture<Long> future = one.get(Jobs.class).unfinished();
		assertThat(future).isNotDone();
		one.campaign("work").yield().join();
		assertThat(future).isCancelled();
		assertThat(Thread.currentThread().isInterrupted()).isFalse();
	}

	@Test
	void runsWorkInTheLeaderOnly() throws Exception {
		App one = start("one");
		List<FencingToken> tokens = new ArrayList<>();
		soon().until(() -> one.campaign("work").isLeader());
		assertThat(one.campaign("work").run(OnRevoked.FINISH, tokens::add)).isTrue();
		assertThat(tokens).containsExactly(one.campaign("work").token().orElseThrow());
		App two = start("two");
		assertThat(two.campaign("work").run(OnRevoked.FINISH, tokens::add)).isFalse();
	}

	private App start(String id) {
		App app = App.start(id, etcd.clientUrl(), List.of(JobConfiguration.class),
				"spring.cloud.etcd.coordination.ttl=5s");
		this.opened.add(app);
		return app;
	}

	private static ConditionFactory soon() {
		return await().pollInterval(Duration.ofMillis(20)).atMost(Duration.ofSeconds(10));
	}

	@Configuration(proxyBeanMethods = false)
	@EnableScheduling
	static class JobConfiguration {

		@Bean
		Jobs jobs() {
			return new Jobs();
		}

	}

	interface Report {

		void report();

		int runs();

	}

	@Configuration(proxyBeanMethods = false)
	@EnableScheduling
	static class ReportConfiguration {

		@Bean
		Report report() {
			return new CountingReport();
		}

	}

	static final class CountingReport implements Report {

		private final AtomicInteger runs = new AtomicInteger();

		@Override
		@LeaderOnly("report")
		@Scheduled(fixedDelay = 20)
		public void report() {
			this.runs.incrementAndGet();
		}

		@Override
		public int runs() {
			return this.runs.get();
		}

	}

	static class Jobs {

		private final List<Long> ticks = new CopyOnWriteArrayList<>();

		private final CountDownLatch begun = new CountDownLatch(2);

		private final CountDownLatch finish = new CountDownLatch(1);

		List<Long> ticks() {
			return this.ticks;
		}

		CountDownLatch begun() {
			return this.begun;
		}

		CountDownLatch finish() {
			return this.finish;
		}

		@LeaderOnly("ticker")
		@Scheduled(fixedDelay = 20)
		void tick() {
			this.ticks.add(FencingToken.current().orElseThrow().value());
		}

		@LeaderOnly("work")
		@Nullable String text(@Nullable FencingToken token) {
			return "token " + token;
		}

		@LeaderOnly("work")
		Optional<Long> optional() {
			return FencingToken.current().map(FencingToken::value);
		}

		@LeaderOnly("work")
		CompletableFuture<Long> future() {
			return CompletableFuture.completedFuture(FencingToken.current().orElseThrow().value());
		}

		@LeaderOnly(value = "work", onRevoked = OnRevoked.INTERRUPT)
		CompletableFuture<Long> unfinished() {
			return new CompletableFuture<>();
		}

		@LeaderOnly("work")
		Mono<Long> mono(@Nullable FencingToken token) {
			return Mono.justOrEmpty(token).map(FencingToken::value);
		}

		@LeaderOnly("work")
		long primitive() {
			return FencingToken.current().orElseThrow().value();
		}

		@LeaderOnly("${no.such.property:work}")
		void failing() {
			throw new IllegalArgumentException("wrong");
		}

		@LeaderOnly(value = "work", onRevoked = OnRevoked.INTERRUPT)
		boolean interruptible() {
			this.begun.countDown();
			try {
				new CountDownLatch(1).await(10, TimeUnit.SECONDS);
				return false;
			}
			catch (InterruptedException ex) {
				return true;
			}
		}

		@LeaderOnly("work")
		void finishing() {
			this.begun.countDown();
			try {
				assertThat(this.finish.await(10, TimeUnit.SECONDS)).isTrue();
			}
			catch (InterruptedException ex) {
				throw new IllegalStateException("It was to finish", ex);
			}
		}

	}

}
