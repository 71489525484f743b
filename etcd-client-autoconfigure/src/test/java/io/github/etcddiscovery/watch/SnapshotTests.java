package io.github.etcddiscovery.watch;

import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import java.util.stream.Stream;

import io.github.etcddiscovery.core.EtcdAccessException;
import io.github.etcddiscovery.core.EtcdAccessException.Kind;
import org.junit.jupiter.api.Test;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;

/**
 * Tests for {@link Snapshot}.
 */
class SnapshotTests {

	private static final long CLUSTER = 7;

	private final Snapshot snapshot = snapshot(10, entry("a", 3), entry("b", 10));

	@Test
	void isWhatItWasMadeOf() {
		assertThat(this.snapshot.clusterId()).isEqualTo(CLUSTER);
		assertThat(this.snapshot.revision()).isEqualTo(10);
		assertThat(this.snapshot.entries()).containsOnly(Map.entry("a", entry("a", 3)), Map.entry("b", entry("b", 10)));
	}

	@Test
	void cannotBeChanged() {
		assertThatExceptionOfType(UnsupportedOperationException.class).isThrownBy(() -> map(this.snapshot).remove("a"));
		Snapshot next = this.snapshot.apply(List.of(batch(Change.delete("a", 11))));
		assertThatExceptionOfType(UnsupportedOperationException.class)
			.isThrownBy(() -> map(next).put("c", entry("c", 12)));
	}

	@Test
	void appliesWritesAndDeletions() {
		Snapshot next = this.snapshot.apply(
				List.of(batch(Change.put(entry("a", 11)), Change.delete("b", 12)), batch(Change.put(entry("c", 13)))));
		assertThat(next).isEqualTo(snapshot(13, entry("a", 11), entry("c", 13)));
	}

	@Test
	void leavesItselfAsItWas() {
		this.snapshot.apply(List.of(batch(Change.put(entry("a", 11)), Change.delete("b", 12))));
		assertThat(this.snapshot).isEqualTo(snapshot(10, entry("a", 3), entry("b", 10)));
	}

	@Test
	void lastChangeOfAKeyCounts() {
		Snapshot next = this.snapshot
			.apply(List.of(batch(Change.put(entry("c", 11)), Change.delete("c", 12), Change.put(entry("c", 13)))));
		assertThat(next.entries().get("c").modRevision()).isEqualTo(13);
		assertThat(next.apply(List.of(batch(Change.put(entry("c", 14)), Change.delete("c", 15)))).entries())
			.doesNotContainKey("c");
	}

	@Test
	void deletionOfAKeyThatIsNotThereChangesNothingButTheRevision() {
		assertThat(this.snapshot.apply(List.of(batch(Change.delete("x", 11)))))
			.isEqualTo(snapshot(11, entry("a", 3), entry("b", 10)));
	}

	@Test
	void appliesTransactionOfManyKeysAtOneRevision() {
		Change[] changes = IntStream.range(0, 500)
			.mapToObj((i) -> Change.put(entry("k" + i, 11)))
			.toArray(Change[]::new);
		Snapshot next = this.snapshot.apply(List.of(batch(changes)));
		assertThat(next.entries()).hasSize(502);
		assertThat(next.revision()).isEqualTo(11);
	}

	@Test
	void revisionIsThatOfTheLastChangeAndNotOfTheStore() {
		Snapshot next = this.snapshot.apply(List.of(new Batch(CLUSTER, 99, List.of(Change.put(entry("c", 11))))));
		assertThat(next.revision()).isEqualTo(11);
		assertThat(next.apply(List.of(batch(Change.put(entry("d", 12))))).revision()).isEqualTo(12);
	}

	@Test
	void nothingToApplyChangesNothing() {
		assertThat(this.snapshot.apply(List.of())).isEqualTo(this.snapshot);
	}

	@Test
	void refusesBatchOfAnotherCluster() {
		assertIncoherent(new Batch(CLUSTER + 1, 11, List.of(Change.put(entry("a", 11)))));
		assertIncoherent(new Batch(CLUSTER + 1, 11, List.of()));
	}

	@Test
	void refusesRevisionThatWentBack() {
		assertIncoherent(new Batch(CLUSTER, 9, List.of(Change.put(entry("a", 9)))));
		assertIncoherent(new Batch(CLUSTER, 9, List.of()));
	}

	@Test
	void refusesRevisionThatWasApplied() {
		assertIncoherent(batch(Change.put(entry("a", 10))));
		assertIncoherent(batch(Change.delete("a", 10)));
		assertIncoherent(batch(Change.put(entry("a", 11))), batch(Change.put(entry("b", 11))));
	}

	@Test
	void refusesAllWhenOneBatchDoesNotFit() {
		assertIncoherent(batch(Change.put(entry("c", 11))),
				batch(Change.put(entry("d", 12)), Change.put(entry("e", 5))));
		assertThat(this.snapshot).isEqualTo(snapshot(10, entry("a", 3), entry("b", 10)));
	}

	private void assertIncoherent(Batch... batches) {
		assertThatExceptionOfType(EtcdAccessException.class).isThrownBy(() -> this.snapshot.apply(List.of(batches)))
			.satisfies((ex) -> assertThat(ex.getKind()).isEqualTo(Kind.INCOHERENT));
	}

	@Test
	void continuesWhatItCanHaveComeAboutFrom() {
		assertThat(this.snapshot.continues(this.snapshot)).isTrue();
		assertThat(snapshot(11, entry("a", 3), entry("b", 11)).continues(this.snapshot)).isTrue();
		assertThat(snapshot(99).continues(this.snapshot)).isTrue();
		assertThat(this.snapshot.continues(snapshot(0))).isTrue();
	}

	@Test
	void doesNotContinueAnotherStore() {
		assertThat(new Snapshot(CLUSTER + 1, 11, this.snapshot.entries()).continues(this.snapshot)).isFalse();
		assertThat(snapshot(9, entry("a", 3)).continues(this.snapshot)).isFalse();
		assertThat(snapshot(99, entry("a", 2), entry("b", 10)).continues(this.snapshot)).isFalse();
	}

	@Test
	void differencesAreKeysThatCameWentOrWereWritten() {
		Snapshot other = snapshot(20, entry("b", 10), entry("c", 12));
		assertThat(this.snapshot.differences(other)).containsExactlyInAnyOrder("a", "c");
		assertThat(other.differences(this.snapshot)).containsExactlyInAnyOrder("a", "c");
		assertThat(this.snapshot.differences(snapshot(20, entry("a", 3), entry("b", 11)))).containsExactly("b");
	}

	@Test
	void sameEntriesDoNotDiffer() {
		assertThat(this.snapshot.differences(snapshot(50, entry("a", 3), entry("b", 10)))).isEmpty();
	}

	@Test
	void otherValueOrLeaseAtTheSameRevisionDiffers() {
		Snapshot restored = new Snapshot(CLUSTER, 10,
				Map.of("a", new Entry("a", "other", 3, 0), "b", new Entry("b", "v10", 10, 77)));
		assertThat(this.snapshot.differences(restored)).containsExactlyInAnyOrder("a", "b");
	}

	@Test
	void appliesManyBatchesQuickly() {
		Map<String, Entry> entries = IntStream.range(0, 100_000)
			.mapToObj((i) -> entry("k" + i, 1))
			.collect(Collectors.toMap(Entry::key, (entry) -> entry));
		List<Batch> batches = IntStream.range(0, 10_000)
			.mapToObj((i) -> batch(Change.put(entry("k" + i, 2 + i))))
			.toList();
		Snapshot next = new Snapshot(CLUSTER, 1, entries).apply(batches);
		assertThat(next.revision()).isEqualTo(10_001);
		assertThat(next.entries()).hasSize(100_000);
	}

	private static Map<String, Entry> map(Snapshot snapshot) {
		return snapshot.entries();
	}

	private static Snapshot snapshot(long revision, Entry... entries) {
		Map<String, Entry> byKey = new HashMap<>();
		Stream.of(entries).forEach((entry) -> byKey.put(entry.key(), entry));
		return new Snapshot(CLUSTER, revision, byKey);
	}

	private static Entry entry(String key, long revision) {
		return new Entry(key, "v" + revision, revision, 0);
	}

	private static Batch batch(Change... changes) {
		return new Batch(CLUSTER, Stream.of(changes).mapToLong(Change::revision).max().orElseThrow(), List.of(changes));
	}

}
