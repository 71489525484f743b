package io.github.etcddiscovery.catalog;

import java.time.Duration;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;

import io.github.etcddiscovery.instance.EtcdServiceInstance;
import io.github.etcddiscovery.instance.InstanceStatus;
import io.github.etcddiscovery.watch.Entry;
import io.github.etcddiscovery.watch.Reset;
import org.junit.jupiter.api.Test;

import static org.assertj.core.api.Assertions.assertThat;

/**
 * Tests for {@link VanishingPolicy}.
 */
class VanishingPolicyTests {

	private static final long NOW = 1_000_000_000_000L;

	private final VanishingPolicy policy = new VanishingPolicy(new HoldSettings(true, 0.5, 3, Duration.ofSeconds(60)));

	@Test
	void holdsWhenMostOfAServiceVanishesAtOnce() {
		Absentees absentees = judge(up(10), up(1));
		assertThat(held(absentees)).containsExactly("1", "2", "3", "4", "5", "6", "7", "8", "9");
	}

	@Test
	void holdsAllOfAServiceThatVanishes() {
		assertThat(held(judge(up(3), up(0)))).containsExactly("0", "1", "2");
	}

	@Test
	void letsGoOfWhatIsNotMoreThanTheThreshold() {
		assertThat(held(judge(up(10), up(5)))).isEmpty();
		assertThat(held(judge(up(10), up(4)))).hasSize(6);
	}

	@Test
	void letsGoOfASmallService() {
		assertThat(held(judge(up(2), up(0)))).isEmpty();
	}

	@Test
	void letsGoOfThoseWhoSaidGoodbye() {
		assertThat(held(judge(instances(10, InstanceStatus.OUT_OF_SERVICE), up(0)))).isEmpty();
		assertThat(held(this.policy.judge(Absentees.NONE, up(3), up(0),
				new Meanwhile(up(3).keySet(), Set.of(), Reset.NONE), NOW)))
			.isEmpty();
	}

	@Test
	void letsGoOfKeysThatHaveNoLeaseAndWereDeleted() {
		assertThat(judge(withoutLease(10), up(0)).isEmpty()).isTrue();
	}

	@Test
	void holdsKeysThatHaveNoLeaseIfTheyWereDeletedTogetherOrTheStoreWasWiped() {
		Meanwhile together = new Meanwhile(Set.of(), withoutLease(10).keySet(), Reset.NONE);
		assertThat(held(this.policy.judge(Absentees.NONE, withoutLease(10), up(0), together, NOW))).hasSize(10);
		assertThat(held(judge(withoutLease(10), up(0), Reset.REWOUND))).hasSize(10);
	}

	@Test
	void asksForTheLeasesOfThoseWhoMayHaveWithdrawn() {
		assertThat(judge(up(10), up(5)).leases()).containsExactly(6L, 7L, 8L, 9L, 10L);
		assertThat(judge(up(10), up(0), Reset.REWOUND).leases()).isEmpty();
		Meanwhile together = new Meanwhile(Set.of(), up(10).keySet(), Reset.NONE);
		assertThat(this.policy.judge(Absentees.NONE, up(10), up(0), together, NOW).leases()).isEmpty();
	}

	@Test
	void letsGoOfThoseWhoseLeaseLives() {
		Absentees absentees = judge(up(4), up(0)).withoutLease(3);
		assertThat(held(absentees)).containsExactly("0", "1", "3");
	}

	@Test
	void countsWhatVanishesOneByOneWithinTheWindow() {
		Absentees absentees = Absentees.NONE;
		for (int left = 9; left >= 5; left--) {
			absentees = judge(absentees, up(left + 1), up(left), NOW);
			assertThat(held(absentees)).isEmpty();
		}
		absentees = judge(absentees, up(5), up(4), NOW + Duration.ofSeconds(9).toNanos());
		assertThat(held(absentees)).containsExactly("4", "5", "6", "7", "8", "9");
	}

	@Test
	void forgetsWhatVanishedBeforeTheWindow() {
		Absentees absentees = judge(up(10), up(5));
		absentees = judge(absentees, up(5), up(4), NOW + VanishingPolicy.WINDOW.toNanos());
		assertThat(held(absentees)).isEmpty();
		assertThat(absentees.byKey()).containsOnlyKeys("key/4");
	}

	@Test
	void letsGoWhenTheTimeIsOver() {
		Absentees absentees = judge(up(10), up(1));
		long almost = NOW + Duration.ofSeconds(59).toNanos();
		long over = NOW + Duration.ofSeconds(60).toNanos();
		assertThat(held(judge(absentees, up(1), up(1), almost))).hasSize(9);
		assertThat(judge(absentees, up(1), up(1), over).isEmpty()).isTrue();
	}

	@Test
	void letsGoOfAKeyThatIsBack() {
		Absentees absentees = judge(up(10), up(1));
		assertThat(held(judge(absentees, up(1), up(4), NOW))).containsExactly("4", "5", "6", "7", "8", "9");
	}

	@Test
	void letsGoOfAnAddressThatIsBackUnderAnotherKey() {
		Absentees absentees = judge(up(4), up(0));
		Map<String, Reading> back = Map.of("key/other", reading("key/other", 2, InstanceStatus.UP, 77));
		assertThat(held(judge(absentees, up(0), back, NOW))).containsExactly("0", "1", "3");
	}

	@Test
	void holdsWhateverIsMissingAfterAReset() {
		assertThat(held(judge(up(1), up(0), Reset.REWOUND))).containsExactly("0");
		assertThat(held(judge(up(10), up(9), Reset.REWOUND))).containsExactly("9");
		assertThat(held(judge(instances(1, InstanceStatus.DOWN), up(0), Reset.REWOUND))).isEmpty();
	}

	@Test
	void neverServesTheInstancesOfTwoClustersTogether() {
		assertThat(held(judge(up(10), up(1), Reset.OTHER_CLUSTER))).isEmpty();
		Absentees absentees = judge(up(2), up(0), Reset.OTHER_CLUSTER);
		assertThat(held(absentees)).containsExactly("0", "1");
		Map<String, Reading> theirs = Map.of("key/theirs", reading("key/theirs", 77, InstanceStatus.UP, 77));
		assertThat(held(judge(absentees, up(0), theirs, NOW))).isEmpty();
	}

	@Test
	void holdsNothingWhenSwitchedOff() {
		VanishingPolicy off = new VanishingPolicy(new HoldSettings(false, 0.5, 3, Duration.ofSeconds(60)));
		assertThat(off.judge(Absentees.NONE, up(10), up(0), new Meanwhile(Set.of(), Set.of(), Reset.REWOUND), NOW)
			.isEmpty()).isTrue();
	}

	private Absentees judge(Map<String, Reading> before, Map<String, Reading> after) {
		return judge(before, after, Reset.NONE);
	}

	private Absentees judge(Map<String, Reading> before, Map<String, Reading> after, Reset reset) {
		return this.policy.judge(Absentees.NONE, before, after, new Meanwhile(Set.of(), Set.of(), reset), NOW);
	}

	private Absentees judge(Absentees last, Map<String, Reading> before, Map<String, Reading> after, long now) {
		return this.policy.judge(last, before, after, Meanwhile.NOTHING, now);
	}

	private static List<String> held(Absentees absentees) {
		return absentees.held().stream().map(EtcdServiceInstance::getInstanceId).toList();
	}

	private static Map<String, Reading> up(int count) {
		return instances(count, InstanceStatus.UP);
	}

	private static Map<String, Reading> withoutLease(int count) {
		Map<String, Reading> readings = new LinkedHashMap<>();
		for (int i = 0; i < count; i++) {
			readings.put("key/" + i, reading("key/" + i, i, InstanceStatus.UP, 0));
		}
		return readings;
	}

	private static Map<String, Reading> instances(int count, InstanceStatus status) {
		Map<String, Reading> readings = new LinkedHashMap<>();
		for (int i = 0; i < count; i++) {
			readings.put("key/" + i, reading("key/" + i, i, status, i + 1));
		}
		return readings;
	}

	private static Reading reading(String key, int number, InstanceStatus status, long lease) {
		EtcdServiceInstance instance = new EtcdServiceInstance("orders", String.valueOf(number), "10.0.0." + number,
				8080, false, status, Map.of());
		return new Reading(new Entry(key, "", 1, lease), List.of(instance));
	}

}
