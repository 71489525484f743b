package io.github.etcddiscovery.core;

import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.Future;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.Supplier;
import java.util.stream.IntStream;

import org.awaitility.Awaitility;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalStateException;

/**
 * Tests for {@link ThreadEventLoop}.
 */
@Timeout(30)
class ThreadEventLoopTests {

	private final ThreadEventLoop loop = new ThreadEventLoop("loop-under-test");

	@AfterEach
	void close() {
		this.loop.close();
	}

	@Test
	void runsTasksOnItsNamedDaemonThread() {
		Thread thread = ask(Thread::currentThread);
		assertThat(thread.getName()).isEqualTo("loop-under-test");
		assertThat(thread.isDaemon()).isTrue();
		assertThat(ask(Thread::currentThread)).isSameAs(thread);
	}

	@Test
	void runsTasksInTheOrderTheyWereGiven() {
		List<Integer> seen = new ArrayList<>();
		IntStream.range(0, 10_000).forEach((i) -> this.loop.execute(() -> seen.add(i)));
		assertThat(ask(() -> seen)).isEqualTo(IntStream.range(0, 10_000).boxed().toList());
	}

	@Test
	void runsOneTaskAtATime() throws Exception {
		AtomicInteger running = new AtomicInteger();
		AtomicBoolean overlapped = new AtomicBoolean();
		int[] count = { 0 };
		Runnable task = () -> {
			overlapped.compareAndSet(false, running.incrementAndGet() > 1);
			count[0]++;
			running.decrementAndGet();
		};
		List<Thread> producers = IntStream.range(0, 4)
			.mapToObj((i) -> new Thread(() -> IntStream.range(0, 5000).forEach((j) -> this.loop.execute(task))))
			.toList();
		producers.forEach(Thread::start);
		for (Thread producer : producers) {
			producer.join();
		}
		assertThat(ask(() -> count[0])).isEqualTo(20_000);
		assertThat(overlapped).isFalse();
	}

	@Test
	void neverRunsATaskInsideTheCallThatGivesIt() {
		List<String> steps = new ArrayList<>();
		CompletableFuture<Void> done = new CompletableFuture<>();
		this.loop.execute(() -> {
			this.loop.execute(() -> {
				steps.add("inner");
				done.complete(null);
			});
			steps.add("outer");
		});
		done.join();
		assertThat(steps).containsExactly("outer", "inner");
	}

	@Test
	void taskThatThrowsDoesNotEndTheLoop() {
		Thread thread = ask(Thread::currentThread);
		this.loop.execute(() -> {
			throw new IllegalStateException("a bug");
		});
		this.loop.execute(() -> {
			throw new StackOverflowError("a worse one");
		});
		this.loop.schedule(() -> {
			throw new IllegalStateException("a bug later");
		}, Duration.ofMillis(1));
		CompletableFuture<Void> later = new CompletableFuture<>();
		this.loop.schedule(() -> later.complete(null), Duration.ofMillis(20));
		later.join();
		assertThat(ask(Thread::currentThread)).isSameAs(thread);
	}

	@Test
	void runsScheduledTaskAfterItsDelayAndNotBefore() {
		long before = this.loop.nanoTime();
		CompletableFuture<Long> ran = new CompletableFuture<>();
		this.loop.schedule(() -> ran.complete(this.loop.nanoTime()), Duration.ofMillis(50));
		assertThat(Duration.ofNanos(ran.join() - before)).isGreaterThanOrEqualTo(Duration.ofMillis(50));
	}

	@Test
	void runsScheduledTasksInTheOrderOfTheirDelays() throws Exception {
		BlockingQueue<String> seen = new LinkedBlockingQueue<>();
		CountDownLatch all = new CountDownLatch(1);
		this.loop.execute(() -> await(all));
		this.loop.schedule(() -> seen.add("third"), Duration.ofMillis(60));
		this.loop.schedule(() -> seen.add("second"), Duration.ofMillis(30));
		this.loop.schedule(() -> seen.add("first"), Duration.ZERO);
		all.countDown();
		assertThat(seen.poll(10, TimeUnit.SECONDS)).isEqualTo("first");
		assertThat(seen.poll(10, TimeUnit.SECONDS)).isEqualTo("second");
		assertThat(seen.poll(10, TimeUnit.SECONDS)).isEqualTo("third");
	}

	@Test
	void negativeDelayRunsAtOnce() {
		CompletableFuture<Void> ran = new CompletableFuture<>();
		this.loop.schedule(() -> ran.complete(null), Duration.ofSeconds(-1));
		ran.join();
	}

	@Test
	void cancelledTaskDoesNotRun() {
		AtomicBoolean ran = new AtomicBoolean();
		Future<?> cancelled = this.loop.schedule(() -> ran.set(true), Duration.ofMillis(20));
		CompletableFuture<Void> later = new CompletableFuture<>();
		this.loop.schedule(() -> later.complete(null), Duration.ofMillis(60));
		assertThat(cancelled.cancel(false)).isTrue();
		later.join();
		assertThat(ran).isFalse();
	}

	@Test
	void knowsItsOwnThread() {
		assertThat(this.loop.inLoop()).isFalse();
		assertThat(ask(this.loop::inLoop)).isTrue();
		assertThat(this.loop.inLoop()).isFalse();
		assertThatIllegalStateException().isThrownBy(this.loop::assertInLoop)
			.withMessageContaining(Thread.currentThread().getName());
		assertThat(ask(() -> {
			this.loop.assertInLoop();
			return true;
		})).isTrue();
	}

	@Test
	void clockIsMonotonic() {
		long last = this.loop.nanoTime();
		for (int i = 0; i < 10_000; i++) {
			long now = this.loop.nanoTime();
			assertThat(now - last).isNotNegative();
			last = now;
		}
	}

	@Test
	void closeEndsTheThread() {
		Thread thread = ask(Thread::currentThread);
		this.loop.close();
		Awaitility.await().until(() -> !thread.isAlive());
		this.loop.close();
	}

	@Test
	void closeDropsWhatHasNotBegunAndDoesNotWaitForWhatHas() {
		CountDownLatch begun = new CountDownLatch(1);
		CountDownLatch ending = new CountDownLatch(1);
		AtomicBoolean ran = new AtomicBoolean();
		Thread thread = ask(Thread::currentThread);
		this.loop.execute(() -> {
			begun.countDown();
			awaitThroughInterrupts(ending);
		});
		await(begun);
		this.loop.execute(() -> ran.set(true));
		this.loop.schedule(() -> ran.set(true), Duration.ofMillis(1));
		this.loop.close();
		assertThat(thread.isAlive()).isTrue();
		ending.countDown();
		Awaitility.await().until(() -> !thread.isAlive());
		assertThat(ran).isFalse();
	}

	@Test
	void closedLoopDropsTasksWithoutFailing() {
		AtomicBoolean ran = new AtomicBoolean();
		Thread thread = ask(Thread::currentThread);
		this.loop.close();
		this.loop.execute(() -> ran.set(true));
		Future<?> dropped = this.loop.schedule(() -> ran.set(true), Duration.ofMillis(1));
		dropped.cancel(false);
		Awaitility.await().until(() -> !thread.isAlive());
		assertThat(ran).isFalse();
	}

	@Test
	void canBeClosedByItsOwnTask() {
		Thread thread = ask(() -> {
			this.loop.close();
			return Thread.currentThread();
		});
		Awaitility.await().until(() -> !thread.isAlive());
	}

	@Test
	void startsNoThreadBeforeTheFirstTask() {
		try (ThreadEventLoop idle = new ThreadEventLoop("loop-that-idles")) {
			assertThat(idle.inLoop()).isFalse();
			assertThat(Thread.getAllStackTraces().keySet())
				.noneMatch((thread) -> thread.getName().equals("loop-that-idles"));
		}
	}

	private <T> T ask(Supplier<T> question) {
		CompletableFuture<T> answer = new CompletableFuture<>();
		this.loop.execute(() -> answer.complete(question.get()));
		return answer.join();
	}

	private static void await(CountDownLatch latch) {
		try {
			assertThat(latch.await(20, TimeUnit.SECONDS)).isTrue();
		}
		catch (InterruptedException ex) {
			throw new IllegalStateException(ex);
		}
	}

	private static void awaitThroughInterrupts(CountDownLatch latch) {
		while (latch.getCount() > 0) {
			try {
				latch.await();
			}
			catch (InterruptedException ex) {
				// closing interrupts; this task has more to do
			}
		}
	}

}
