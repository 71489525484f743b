package io.github.etcddiscovery.client;

import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletableFuture;

import io.github.etcddiscovery.core.EtcdAccessException;
import io.github.etcddiscovery.core.EtcdAccessException.Kind;
import io.github.etcddiscovery.core.ManualEventLoop;
import org.junit.jupiter.api.Test;

import static org.assertj.core.api.Assertions.assertThat;

/**
 * Tests for {@link HedgedRead}.
 */
class HedgedReadTests {

	private static final Duration PATIENCE = Duration.ofMillis(1500);

	private final ManualEventLoop loop = new ManualEventLoop();

	private final List<CompletableFuture<String>> asked = new ArrayList<>();

	private final CompletableFuture<String> answer = HedgedRead.of(this::ask, this.loop);

	private CompletableFuture<String> ask() {
		CompletableFuture<String> request = new CompletableFuture<>();
		this.asked.add(request);
		return request;
	}

	@Test
	void asksOnceWhenTheAnswerComesSoon() {
		this.asked.get(0).complete("first");
		this.loop.advance(PATIENCE);
		assertThat(this.asked).hasSize(1);
		assertThat(this.answer).isCompletedWithValue("first");
	}

	@Test
	void asksOnceMoreWhenTheAnswerIsSlowAndTakesTheFirstOne() {
		this.loop.advance(PATIENCE);
		assertThat(this.asked).hasSize(2);
		this.asked.get(1).complete("second");
		assertThat(this.answer).isCompletedWithValue("second");
	}

	@Test
	void asksAnotherMemberAtOnceWhenThisOneHasNoLeader() {
		fail(0, Kind.NO_LEADER);
		assertThat(this.asked).hasSize(2);
		assertThat(this.answer).isNotDone();
		this.asked.get(1).complete("second");
		assertThat(this.answer).isCompletedWithValue("second");
	}

	@Test
	void failsWhenTheOtherMemberHasNoLeaderEither() {
		fail(0, Kind.NO_LEADER);
		fail(1, Kind.NO_LEADER);
		this.loop.advance(PATIENCE);
		assertThat(this.asked).hasSize(2);
		assertThat(this.answer).isCompletedExceptionally();
	}

	@Test
	void failsAtOnceWhenAskingAgainDoesNotHelp() {
		fail(0, Kind.PERMISSION_DENIED);
		assertThat(this.answer).isCompletedExceptionally();
		this.loop.advance(PATIENCE);
		assertThat(this.asked).hasSize(1);
	}

	@Test
	void waitsForTheSecondAnswerWhenTheFirstOneFailsLate() {
		this.loop.advance(PATIENCE);
		fail(0, Kind.TIMED_OUT);
		assertThat(this.answer).isNotDone();
		this.asked.get(1).complete("second");
		assertThat(this.answer).isCompletedWithValue("second");
	}

	private void fail(int index, Kind kind) {
		this.asked.get(index).completeExceptionally(new EtcdAccessException(kind, "refused", null));
	}

}
