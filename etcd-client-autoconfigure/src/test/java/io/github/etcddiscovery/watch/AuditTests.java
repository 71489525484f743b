package io.github.etcddiscovery.watch;

import java.util.Map;
import java.util.Set;
import java.util.TreeMap;

import org.junit.jupiter.api.Test;

import static org.assertj.core.api.Assertions.assertThat;

/**
 * Tests for {@link Audit}.
 */
class AuditTests {

	@Test
	void findsWhatTheWatchNeverDelivered() {
		Audit audit = new Audit(snapshot(10, Map.of("a", 5L, "b", 6L, "c", 7L)));
		Snapshot mirror = snapshot(12, Map.of("a", 5L, "b", 6L, "c", 7L));
		assertThat(audit.differences(snapshot(12, Map.of("a", 11L, "c", 7L, "d", 12L)), mirror))
			.containsExactlyInAnyOrder("a", "b", "d");
	}

	@Test
	void passesOverWhatTheWatchDeliveredSince() {
		Audit audit = new Audit(snapshot(10, Map.of("a", 5L)));
		audit.touched(Set.of("a", "b"));
		Snapshot mirror = snapshot(20, Map.of("a", 19L, "b", 20L));
		assertThat(audit.differences(snapshot(15, Map.of("a", 12L)), mirror)).isEmpty();
	}

	@Test
	void findsNothingWhereNothingIs() {
		Audit audit = new Audit(snapshot(10, Map.of("a", 5L)));
		assertThat(audit.differences(snapshot(50, Map.of("a", 5L)), snapshot(10, Map.of("a", 5L)))).isEmpty();
	}

	@Test
	void noticesAReset() {
		Audit audit = new Audit(snapshot(10, Map.of()));
		assertThat(audit.isReset(snapshot(9, Map.of()))).isTrue();
		assertThat(audit.isReset(snapshot(10, Map.of()))).isFalse();
		assertThat(audit.isReset(new Snapshot(2, 11, Map.of()))).isTrue();
	}

	private static Snapshot snapshot(long revision, Map<String, Long> modRevisions) {
		Map<String, Entry> entries = new TreeMap<>();
		modRevisions.forEach((key, modRevision) -> entries.put(key, new Entry(key, "value", modRevision, 0)));
		return new Snapshot(1, revision, entries);
	}

}
