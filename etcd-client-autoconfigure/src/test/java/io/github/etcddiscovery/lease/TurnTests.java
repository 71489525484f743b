package io.github.etcddiscovery.lease;

import java.time.Duration;

import io.github.etcddiscovery.core.EtcdAccessException.Kind;
import io.github.etcddiscovery.core.ManualEventLoop;
import io.github.etcddiscovery.core.RetryDelays;
import org.junit.jupiter.api.Test;

import static org.assertj.core.api.Assertions.assertThat;

/**
 * Tests for {@link Turn}.
 */
class TurnTests {

	private static final Duration LONGEST_DELAY = Duration.ofSeconds(5);

	private static final Duration QUIET = Duration.ofMinutes(1);

	private final ManualEventLoop loop = new ManualEventLoop();

	private final Turn turn = new Turn(this.loop, new RetryDelays(LONGEST_DELAY), QUIET.toNanos(), this::begin);

	private boolean somethingToDo = true;

	private int runs;

	private boolean begin() {
		if (this.somethingToDo) {
			this.runs++;
		}
		return this.somethingToDo;
	}

	private void onLoop(Runnable task) {
		this.loop.execute(task);
		this.loop.runDue();
	}

	@Test
	void runsAtOnce() {
		onLoop(this.turn::take);
		assertThat(this.runs).isEqualTo(1);
		assertThat(this.turn.isRunning()).isTrue();
	}

	@Test
	void runsOnceMoreAfterTheRunUnderWay() {
		onLoop(this.turn::take);
		onLoop(this.turn::take);
		onLoop(this.turn::take);
		assertThat(this.runs).isEqualTo(1);
		onLoop(this.turn::end);
		assertThat(this.runs).isEqualTo(2);
		onLoop(this.turn::end);
		assertThat(this.runs).isEqualTo(2);
		assertThat(this.turn.isRunning()).isFalse();
	}

	@Test
	void isFreeWhenThereWasNothingToDo() {
		this.somethingToDo = false;
		onLoop(this.turn::take);
		assertThat(this.turn.isRunning()).isFalse();
		this.somethingToDo = true;
		onLoop(this.turn::take);
		assertThat(this.runs).isEqualTo(1);
	}

	@Test
	void retriesAfterADelay() {
		onLoop(() -> this.turn.takeLater(Kind.OTHER));
		assertThat(this.runs).isZero();
		this.loop.advance(LONGEST_DELAY);
		assertThat(this.runs).isEqualTo(1);
	}

	@Test
	void delaysARetryUntilTheRunUnderWayHasEnded() {
		onLoop(this.turn::take);
		onLoop(() -> this.turn.takeLater(Kind.OTHER));
		this.loop.advance(LONGEST_DELAY.multipliedBy(2));
		assertThat(this.runs).isEqualTo(1);
		onLoop(this.turn::end);
		assertThat(this.runs).isEqualTo(1);
		this.loop.advance(LONGEST_DELAY);
		assertThat(this.runs).isEqualTo(2);
	}

	@Test
	void makesOneRunOfManyRetries() {
		for (int i = 0; i < 10; i++) {
			onLoop(() -> this.turn.takeLater(Kind.OTHER));
		}
		this.loop.advance(LONGEST_DELAY.multipliedBy(10));
		assertThat(this.runs).isEqualTo(1);
	}

	@Test
	void dropsTheRetryWhenItsTurnComesSooner() {
		onLoop(() -> this.turn.takeLater(Kind.OTHER));
		onLoop(this.turn::take);
		onLoop(this.turn::end);
		this.loop.advance(LONGEST_DELAY);
		assertThat(this.runs).isEqualTo(1);
	}

	@Test
	void makesNoRunOfItsOwnAccordOnceStopped() {
		onLoop(this.turn::take);
		onLoop(this.turn::take);
		onLoop(() -> this.turn.takeLater(Kind.OTHER));
		onLoop(this.turn::stop);
		onLoop(this.turn::end);
		this.loop.advance(LONGEST_DELAY);
		assertThat(this.runs).isEqualTo(1);
	}

	@Test
	void startsWithShortDelaysAgainAfterAQuietTime() {
		for (int i = 0; i < 5; i++) {
			fail();
		}
		this.loop.advance(QUIET);
		int before = this.runs;
		onLoop(() -> this.turn.takeLater(Kind.OTHER));
		this.loop.advance(Duration.ofMillis(500));
		assertThat(this.runs).isEqualTo(before + 1);
	}

	private void fail() {
		onLoop(() -> this.turn.takeLater(Kind.OTHER));
		this.loop.advance(LONGEST_DELAY);
		onLoop(this.turn::end);
	}

}
