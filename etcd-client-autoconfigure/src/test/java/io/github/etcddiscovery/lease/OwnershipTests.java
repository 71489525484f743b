package io.github.etcddiscovery.lease;

import java.util.Optional;
import java.util.Set;

import io.github.etcddiscovery.lease.Ownership.Verdict;
import io.github.etcddiscovery.watch.Entry;
import org.junit.jupiter.api.Test;

import static org.assertj.core.api.Assertions.assertThat;

/**
 * Tests for {@link Ownership}.
 */
class OwnershipTests {

	private static final long LEASE = 7;

	private static final long FORMER_LEASE = 6;

	private static final long OTHER_LEASE = 8;

	private static final String VALUE = "ours";

	private static final String PREDECESSORS_VALUE = "ours, earlier";

	private static final String OTHER_VALUE = "theirs";

	@Test
	void aKeyThatDoesNotExistIsFree() {
		assertThat(judge(Optional.empty(), false)).isEqualTo(Verdict.WRITE);
		assertThat(judge(Optional.empty(), true)).isEqualTo(Verdict.WRITE);
	}

	@Test
	void ourValueUnderOurLeaseStandsAsItShould() {
		assertThat(judge(entry(VALUE, LEASE), true)).isEqualTo(Verdict.OWNED);
		assertThat(judge(entry(VALUE, LEASE), false)).isEqualTo(Verdict.OWNED);
	}

	@Test
	void anotherValueUnderOurLeaseIsOursToWrite() {
		assertThat(judge(entry(OTHER_VALUE, LEASE), true)).isEqualTo(Verdict.WRITE);
	}

	@Test
	void ourValueUnderAFormerLeaseOfOursIsOursToWrite() {
		assertThat(judge(entry(VALUE, FORMER_LEASE), true)).isEqualTo(Verdict.WRITE);
		assertThat(judge(entry(OTHER_VALUE, FORMER_LEASE), true)).isEqualTo(Verdict.WRITE);
	}

	@Test
	void whatHasNoLeaseIsFree() {
		assertThat(judge(entry(VALUE, 0), true)).isEqualTo(Verdict.WRITE);
		assertThat(judge(entry(OTHER_VALUE, 0), false)).isEqualTo(Verdict.WRITE);
	}

	@Test
	void whatAPredecessorAtOurAddressLeftIsFree() {
		assertThat(judge(entry(PREDECESSORS_VALUE, OTHER_LEASE), false)).isEqualTo(Verdict.WRITE);
		assertThat(judge(entry(VALUE, OTHER_LEASE), false)).isEqualTo(Verdict.WRITE);
	}

	@Test
	void whatWasTakenFromUsIsAnothersEvenWithOurAddress() {
		assertThat(judge(entry(PREDECESSORS_VALUE, OTHER_LEASE), true)).isEqualTo(Verdict.YIELD);
		assertThat(judge(entry(VALUE, OTHER_LEASE), true)).isEqualTo(Verdict.YIELD);
	}

	@Test
	void whatHasAnotherAddressAndALeaseIsAnothers() {
		assertThat(judge(entry(OTHER_VALUE, OTHER_LEASE), false)).isEqualTo(Verdict.YIELD);
		assertThat(judge(entry(OTHER_VALUE, OTHER_LEASE), true)).isEqualTo(Verdict.YIELD);
	}

	private static Optional<Entry> entry(String value, long lease) {
		return Optional.of(new Entry("services/myapp/one", value, 100, lease));
	}

	private static Verdict judge(Optional<Entry> found, boolean ownedBefore) {
		return Ownership.judge(found, LEASE, VALUE, Set.of(FORMER_LEASE, LEASE)::contains, ownedBefore,
				(other) -> other.startsWith(VALUE));
	}

}
