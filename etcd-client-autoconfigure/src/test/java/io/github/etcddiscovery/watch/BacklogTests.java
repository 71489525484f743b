package io.github.etcddiscovery.watch;

import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.atomic.AtomicInteger;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

import static org.assertj.core.api.Assertions.assertThat;

/**
 * Tests for {@link Backlog}.
 */
class BacklogTests {

	private final Backlog backlog = new Backlog();

	@Test
	void handsOutAllInTheirOrder() {
		this.backlog.add(batch(1, 1));
		this.backlog.add(batch(2, 3));
		this.backlog.add(batch(3, 0));
		assertThat(this.backlog.size()).isEqualTo(5);
		assertThat(this.backlog.drain()).extracting(Batch::revision).containsExactly(1L, 2L, 3L);
		assertThat(this.backlog.size()).isZero();
		assertThat(this.backlog.drain()).isEmpty();
	}

	@Test
	void wakesTheLoopOncePerDrain() {
		assertThat(this.backlog.add(batch(1, 1))).isTrue();
		assertThat(this.backlog.add(batch(2, 1))).isFalse();
		assertThat(this.backlog.add(batch(3, 1))).isFalse();
		this.backlog.drain();
		assertThat(this.backlog.add(batch(4, 0))).isTrue();
		assertThat(this.backlog.add(batch(5, 0))).isFalse();
	}

	@Test
	void takesOneBatchThatIsLargerThanTheBound() {
		assertThat(this.backlog.add(batch(1, Backlog.MAX_CHANGES + 10))).isTrue();
		assertThat(this.backlog.isOverflown()).isFalse();
		assertThat(this.backlog.drain()).hasSize(1);
	}

	@Test
	void keepsNothingOnceItHasOverflown() {
		this.backlog.add(batch(1, Backlog.MAX_CHANGES + 1));
		assertThat(this.backlog.add(batch(2, 1))).isTrue();
		assertThat(this.backlog.isOverflown()).isTrue();
		assertThat(this.backlog.drain()).isEmpty();
		for (int i = 0; i < 100_000; i++) {
			assertThat(this.backlog.add(batch(3, 1))).isFalse();
		}
		assertThat(this.backlog.drain()).isEmpty();
	}

	@Test
	void keepsNothingOnceItIsCleared() {
		this.backlog.add(batch(1, 1));
		this.backlog.clear();
		assertThat(this.backlog.size()).isZero();
		assertThat(this.backlog.add(batch(2, 1))).isFalse();
		assertThat(this.backlog.drain()).isEmpty();
	}

	/**
	 * Whoever is told to wake the loop does so at once; whoever is not relies on another
	 * one's call.
	 */
	@Test
	@Timeout(30)
	void losesNothingBetweenTwoThreads() {
		int batches = 200_000;
		AtomicInteger wakeUps = new AtomicInteger();
		List<Long> seen = Collections.synchronizedList(new ArrayList<>());
		CompletableFuture<Void> consumer = CompletableFuture.runAsync(() -> {
			while (seen.size() < batches) {
				if (wakeUps.get() > 0) {
					wakeUps.decrementAndGet();
					this.backlog.drain().forEach((batch) -> seen.add(batch.revision()));
				}
				else {
					Thread.yield();
				}
			}
		});
		for (int revision = 1; revision <= batches; revision++) {
			if (this.backlog.add(batch(revision, 0))) {
				wakeUps.incrementAndGet();
			}
			while (this.backlog.size() > 1000) {
				Thread.yield();
			}
		}
		consumer.join();
		assertThat(seen).hasSize(batches).isSorted();
	}

	private static Batch batch(long revision, int changes) {
		return new Batch(1, revision, Collections.nCopies(changes, Change.delete("k", revision)));
	}

}
