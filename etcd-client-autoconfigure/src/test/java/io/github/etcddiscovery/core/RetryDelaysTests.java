package io.github.etcddiscovery.core;

import java.time.Duration;
import java.util.Arrays;
import java.util.HashMap;
import java.util.Map;

import io.github.etcddiscovery.core.EtcdAccessException.Kind;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.ValueSource;

import static org.assertj.core.api.Assertions.assertThat;

/**
 * Tests for {@link RetryDelays}.
 */
class RetryDelaysTests {

	private static final Duration MAX = Duration.ofSeconds(5);

	private static final int CLIENTS = 10_000;

	private final RetryDelays delays = new RetryDelays(MAX);

	@ParameterizedTest
	@EnumSource(names = { "UNAUTHENTICATED", "PERMISSION_DENIED", "TIMED_OUT", "CANCELLED" },
			mode = EnumSource.Mode.EXCLUDE)
	void firstRetryComesSoonButNotAtOnce(Kind kind) {
		for (int i = 0; i < 1000; i++) {
			assertThat(new RetryDelays(MAX).after(kind)).isBetween(Duration.ofMillis(200), Duration.ofMillis(400));
		}
	}

	@Test
	void delaysGrowAndStayBelowTheLongest() {
		double first = averageOfRetry(0);
		double third = averageOfRetry(2);
		double twentieth = averageOfRetry(19);
		assertThat(third).isGreaterThan(2 * first);
		assertThat(twentieth).isGreaterThan(2 * first).isGreaterThan(2000);
		for (int i = 0; i < 1000; i++) {
			assertThat(this.delays.after(Kind.UNREACHABLE)).isBetween(Duration.ofMillis(200), MAX);
		}
	}

	private static double averageOfRetry(int number) {
		long sum = 0;
		for (int i = 0; i < 1000; i++) {
			RetryDelays delays = new RetryDelays(MAX);
			for (int retry = 0; retry < number; retry++) {
				delays.after(Kind.UNREACHABLE);
			}
			sum += delays.after(Kind.UNREACHABLE).toMillis();
		}
		return sum / 1000.0;
	}

	@Test
	void neverGivesUp() {
		for (int i = 0; i < 1_000_000; i++) {
			assertThat(this.delays.after(Kind.UNREACHABLE).toMillis()).isPositive();
		}
	}

	@Test
	void resetStartsFromTheShortestAgain() {
		for (int i = 0; i < 1000; i++) {
			this.delays.after(Kind.UNREACHABLE);
			this.delays.after(Kind.UNREACHABLE);
			this.delays.after(Kind.UNREACHABLE);
			this.delays.reset();
			assertThat(this.delays.after(Kind.UNREACHABLE)).isLessThanOrEqualTo(Duration.ofMillis(400));
			this.delays.reset();
		}
	}

	@ParameterizedTest
	@EnumSource(names = { "TIMED_OUT", "CANCELLED" })
	void waitThatWasLongAlreadyIsNotLengthened(Kind kind) {
		for (int i = 0; i < 1000; i++) {
			assertThat(this.delays.after(kind)).isBetween(Duration.ofMillis(200), Duration.ofSeconds(1));
		}
		assertThat(this.delays.after(Kind.UNREACHABLE)).isLessThanOrEqualTo(Duration.ofMillis(400));
	}

	@Test
	void membersWithoutALeaderArePassedBySoon() {
		long longest = 0;
		for (int i = 0; i < 1000; i++) {
			this.delays.reset();
			for (int member = 0; member < 3; member++) {
				assertThat(this.delays.after(Kind.NO_LEADER)).isBetween(Duration.ofMillis(200), Duration.ofMillis(400));
			}
			longest = Math.max(longest, this.delays.after(Kind.NO_LEADER).toMillis());
		}
		assertThat(longest).as("the delay when none has one").isGreaterThan(1000);
	}

	@Test
	void refusedCredentialsAreTriedAtMostOnceASecond() {
		for (int i = 0; i < 1000; i++) {
			assertThat(this.delays.after(Kind.UNAUTHENTICATED)).isBetween(Duration.ofSeconds(1), MAX.plusSeconds(1));
		}
	}

	@Test
	void missingPermissionIsAskedForAtMostEveryFiveSeconds() {
		for (int i = 0; i < 1000; i++) {
			assertThat(this.delays.after(Kind.PERMISSION_DENIED)).isBetween(Duration.ofSeconds(5), MAX.plusSeconds(5));
		}
	}

	@Test
	void longestDelayIsHalfASecondAtLeast() {
		RetryDelays delays = new RetryDelays(Duration.ZERO);
		long longest = 0;
		for (int i = 0; i < 1000; i++) {
			longest = Math.max(longest, delays.after(Kind.UNREACHABLE).toMillis());
		}
		assertThat(longest).isBetween(400L, 500L);
	}

	/**
	 * Ten thousand clients lose etcd in the same moment and try again with these delays
	 * until it is back. Even a perfect spread over at most five seconds puts 3.8 % of
	 * them into the busiest tenth of a second. The bound lies six standard deviations
	 * above what is measured, so chance does not break it.
	 */
	@ParameterizedTest
	@ValueSource(ints = { 1, 3, 10, 60 })
	void clientsDoNotReturnInTheSameMoment(int outageSeconds) {
		long outage = Duration.ofSeconds(outageSeconds).toMillis();
		Map<Long, Integer> returns = new HashMap<>();
		for (int client = 0; client < CLIENTS; client++) {
			returns.merge((returnOfAClient(outage) - outage) / 100, 1, Integer::sum);
		}
		assertThat(returns.values().stream().mapToInt(Integer::intValue).max().orElseThrow())
			.isLessThanOrEqualTo(CLIENTS * 5 / 100);
		assertThat(returns.keySet()).allMatch((bucket) -> bucket <= MAX.toMillis() / 100);
	}

	private static long returnOfAClient(long outage) {
		RetryDelays delays = new RetryDelays(MAX);
		long now = 0;
		while (now < outage) {
			now += delays.after(Kind.UNREACHABLE).toMillis();
		}
		return now;
	}

	/**
	 * What was lost at once is not asked for at once either.
	 */
	@Test
	void firstRetriesOfManyClientsAreSpreadOverTheirWholeRange() {
		int[] buckets = new int[10];
		for (int client = 0; client < CLIENTS; client++) {
			long delay = new RetryDelays(MAX).after(Kind.UNREACHABLE).toMillis() - 200;
			buckets[(int) Math.min(delay / 20, 9)]++;
		}
		assertThat(Arrays.stream(buckets).boxed()).allMatch((size) -> size > CLIENTS / 20 && size < CLIENTS / 5);
	}

}
