package io.github.etcddiscovery.watch;

import java.time.Duration;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import java.util.stream.Stream;

import io.github.etcddiscovery.core.EtcdAccessException;
import io.github.etcddiscovery.core.EtcdAccessException.Kind;
import io.github.etcddiscovery.core.EventLoop;
import io.github.etcddiscovery.core.ManualEventLoop;
import io.github.etcddiscovery.core.RetryDelays;
import io.github.etcddiscovery.core.ThreadEventLoop;
import io.github.etcddiscovery.watch.FakeListerWatcher.FakeWatch;
import org.awaitility.Awaitility;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Nested;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

import static org.assertj.core.api.Assertions.assertThat;

/**
 * Tests for {@link Reflector}.
 */
class ReflectorTests {

	private static final long CLUSTER = FakeListerWatcher.CLUSTER;

	private static final Duration CREATE_TIMEOUT = Duration.ofSeconds(3);

	private static final Duration AUDIT_INTERVAL = Duration.ofMinutes(5);

	private static final Duration MAX_DELAY = Duration.ofSeconds(5);

	private static Snapshot snapshot(long revision, Entry... entries) {
		return new Snapshot(CLUSTER, revision,
				Stream.of(entries).collect(Collectors.toMap(Entry::key, (entry) -> entry)));
	}

	private static Entry entry(String key, long revision) {
		return new Entry(key, "v" + revision, revision, 0);
	}

	/**
	 * It lists when it is started, and asks nothing of etcd once it is stopped or closed.
	 */
	@Nested
	class StartAndStop extends Fixture {

		@Test
		void doesNothingBeforeItIsStarted() {
			this.reflector.relist();
			this.loop.advance(Duration.ofHours(1));
			assertThat(this.etcd.lists()).isEmpty();
			assertThat(this.reflector.snapshot()).isNull();
		}

		@Test
		void secondStartDoesNothing() {
			start();
			start();
			sync(snapshot(1));
			start();
			assertThat(this.etcd.lists()).hasSize(1);
			assertThat(this.etcd.watches()).hasSize(1);
		}

		@Test
		void keepsItsSnapshotAndIsSilentUntilItIsStartedAgain() {
			start();
			sync(snapshot(5, entry("a", 3)));
			FakeWatch watch = this.etcd.lastWatch();
			this.reflector.stop();
			this.loop.advance(Duration.ofHours(1));
			assertThat(watch.closed()).isEqualTo(1);
			watch.failed(Kind.UNREACHABLE);
			this.reflector.relist();
			this.loop.advance(Duration.ofHours(1));
			assertThat(this.etcd.lists()).hasSize(1);
			assertThat(this.reflector.snapshot()).isEqualTo(snapshot(5, entry("a", 3)));
			assertThat(this.reflector.state().synced()).isFalse();
			assertThat(this.listener.lost).isEmpty();
			start();
			sync(snapshot(9, entry("b", 8)));
			assertSyncedAt(9);
			assertThat(this.listener.published).last()
				.isEqualTo(new Published(snapshot(9, entry("b", 8)), Set.of("a", "b")));
		}

		@Test
		void cannotBeStartedAgainOnceItIsClosed() {
			start();
			this.reflector.close();
			this.reflector.stop();
			start();
			assertThat(this.etcd.lists()).hasSize(1);
		}

		@Test
		void closeStopsEverything() {
			start();
			FakeWatch watch = sync(snapshot(5, entry("a", 3)));
			this.reflector.close();
			this.loop.runDue();
			assertThat(watch.closed()).isOne();
			watch.changed(Change.delete("a", 6));
			watch.failed(Kind.UNREACHABLE);
			this.reflector.relist();
			this.reflector.start();
			this.loop.advance(Duration.ofHours(1));
			assertThat(this.etcd.lists()).hasSize(1);
			assertThat(this.listener.lost).isEmpty();
			assertThat(this.listener.published).hasSize(1);
			assertThat(this.reflector.snapshot()).isEqualTo(snapshot(5, entry("a", 3)));
			assertThat(this.reflector.firstSync()).isCompleted();
			this.reflector.close();
			this.loop.runDue();
			assertThat(watch.closed()).isOne();
		}

		@Test
		void closeStopsAListUnderWay() {
			start();
			this.reflector.close();
			assertThat(this.reflector.firstSync()).isCancelled();
			this.loop.runDue();
			answer(snapshot(5));
			assertThat(this.reflector.snapshot()).isNull();
			assertThat(this.etcd.watches()).isEmpty();
			assertThat(this.listener.published).isEmpty();
		}

		@Test
		void closeStopsAWatchThatIsNotSetUpYet() {
			start();
			answer(snapshot(5));
			this.reflector.close();
			this.loop.runDue();
			assertThat(this.etcd.lastWatch().closed()).isOne();
			this.etcd.lastWatch().created(5);
			this.loop.advance(Duration.ofHours(1));
			assertThat(this.listener.synced).isEmpty();
			assertThat(this.listener.lost).isEmpty();
		}

		@Test
		void closeStopsTheRetries() {
			start();
			this.etcd.lastList().completeExceptionally(FakeListerWatcher.failure(Kind.UNREACHABLE));
			this.loop.runDue();
			this.reflector.close();
			this.loop.advance(Duration.ofHours(1));
			assertThat(this.etcd.lists()).hasSize(1);
		}

	}

	/**
	 * The list and the watch that follows it are one view: nothing is missed, nothing is
	 * shown twice, and no part of a transaction is shown alone.
	 */
	@Nested
	class ListThenWatch extends Fixture {

		@Test
		void listsThenWatchesFromTheListedRevision() {
			start();
			assertThat(this.etcd.lists()).hasSize(1);
			assertThat(this.etcd.watches()).isEmpty();
			answer(snapshot(41, entry("a", 7)));
			assertThat(this.etcd.watches()).hasSize(1);
			assertThat(this.etcd.lastWatch().fromRevision()).isEqualTo(41);
		}

		@Test
		void dropsWhatTheListShowedAlready() {
			start();
			FakeWatch watch = sync(snapshot(5, entry("a", 5)));
			watch.changed(Change.put(entry("a", 5)), Change.delete("gone", 5));
			this.loop.runDue();
			watch.changed(Change.put(entry("a", 5)), Change.put(entry("b", 6)));
			this.loop.runDue();
			assertThat(this.listener.lost).isEmpty();
			assertThat(this.reflector.snapshot()).isEqualTo(snapshot(6, entry("a", 5), entry("b", 6)));
			assertThat(this.listener.published).last().extracting(Published::changedKeys).isEqualTo(Set.of("b"));
		}

		@Test
		void hasNoSnapshotBeforeTheFirstOne() {
			start();
			assertThat(this.reflector.snapshot()).isNull();
			assertThat(this.reflector.firstSync()).isNotDone();
			assertThat(this.reflector.state().synced()).isFalse();
			assertThat(this.reflector.state().revision()).isZero();
			assertThat(this.reflector.state().reason()).isNull();
		}

		@Test
		void emptyRangeIsASnapshotToo() {
			start();
			answer(snapshot(5));
			assertThat(this.reflector.snapshot()).isEqualTo(snapshot(5));
			assertThat(this.reflector.firstSync()).isCompleted();
			assertThat(this.listener.published).containsExactly(new Published(snapshot(5), Set.of()));
		}

		@Test
		void servesTheListBeforeTheWatchIsSetUp() {
			start();
			answer(snapshot(5, entry("a", 3)));
			assertThat(this.reflector.snapshot()).isEqualTo(snapshot(5, entry("a", 3)));
			assertThat(this.listener.published).containsExactly(new Published(snapshot(5, entry("a", 3)), Set.of("a")));
			assertThat(this.reflector.state().synced()).isFalse();
			assertThat(this.listener.synced).isEmpty();
		}

		@Test
		void isSyncedOnceTheWatchIsSetUp() {
			start();
			sync(snapshot(5, entry("a", 3)));
			assertSyncedAt(5);
			assertThat(this.listener.synced).containsExactly(snapshot(5, entry("a", 3)));
			this.loop.advance(Duration.ofHours(1));
			assertThat(this.reflector.state().staleness()).isZero();
		}

		@Test
		void listenerKnowsBeforeTheFirstSynchronisationIsTold() {
			AtomicBoolean toldTooEarly = new AtomicBoolean();
			CompletableFuture<Reflector> self = new CompletableFuture<>();
			Reflector reflector = reflector(this.loop,
					(publication) -> toldTooEarly.set(self.join().firstSync().isDone()));
			self.complete(reflector);
			reflector.start();
			this.loop.runDue();
			answer(snapshot(5));
			assertThat(toldTooEarly).isFalse();
			assertThat(reflector.firstSync()).isCompleted();
		}

		@Test
		void appliesWhatTheWatchSees() {
			start();
			FakeWatch watch = sync(snapshot(5, entry("a", 3)));
			watch.changed(Change.put(entry("b", 6)));
			this.loop.runDue();
			watch.changed(Change.delete("a", 7));
			this.loop.runDue();
			assertThat(this.listener.published.subList(1, 3)).containsExactly(
					new Published(snapshot(6, entry("a", 3), entry("b", 6)), Set.of("b")),
					new Published(snapshot(7, entry("b", 6)), Set.of("a")));
			assertThat(this.reflector.snapshot()).isEqualTo(snapshot(7, entry("b", 6)));
			assertThat(this.reflector.state().revision()).isEqualTo(7);
		}

		@Test
		void appliesChangesThatOutrunTheCreatedNotification() {
			start();
			answer(snapshot(5));
			this.etcd.lastWatch().changed(Change.put(entry("a", 6)));
			this.loop.runDue();
			this.etcd.lastWatch().created(6);
			this.loop.runDue();
			assertThat(this.reflector.snapshot()).isEqualTo(snapshot(6, entry("a", 6)));
			assertThat(this.reflector.state().synced()).isTrue();
		}

		@Test
		void appliesManyBatchesInOneSnapshot() {
			start();
			FakeWatch watch = sync(snapshot(1));
			for (int i = 0; i < 1000; i++) {
				watch.changed(Change.put(entry("k" + i % 10, 2 + i)));
			}
			this.loop.runDue();
			assertThat(this.listener.published).hasSize(2);
			Published last = this.listener.published.get(1);
			assertThat(last.snapshot().revision()).isEqualTo(1001);
			assertThat(last.changedKeys()).hasSize(10);
			assertThat(this.etcd.lists()).hasSize(1);
		}

		@Test
		void neverPublishesAPartOfATransaction() {
			start();
			FakeWatch watch = sync(snapshot(1));
			watch
				.changed(IntStream.range(0, 500).mapToObj((i) -> Change.put(entry("k" + i, 2))).toArray(Change[]::new));
			this.loop.runDue();
			watch.changed(IntStream.range(0, 500).mapToObj((i) -> Change.delete("k" + i, 3)).toArray(Change[]::new));
			this.loop.runDue();
			assertThat(this.listener.published).extracting((publication) -> publication.snapshot().entries().size())
				.containsExactly(0, 500, 0);
		}

		@Test
		void neverPublishesAPartOfABatch() {
			start();
			FakeWatch watch = sync(snapshot(5, entry("a", 3)));
			watch.changed(Change.put(entry("b", 6)), Change.put(entry("c", 7)), Change.put(entry("d", 4)));
			this.loop.runDue();
			assertThat(this.reflector.snapshot()).isEqualTo(snapshot(5, entry("a", 3)));
			assertThat(this.listener.published).hasSize(1);
			assertLost(Kind.INCOHERENT);
		}

		@Test
		void tellsEntriesThatCameAndWentBetweenTwoSnapshots() {
			start();
			FakeWatch watch = sync(snapshot(5, entry("a", 3)));
			watch.changed(Change.put(entry("a", 6)));
			watch.changed(Change.put(entry("b", 7)), Change.put(entry("b", 8)));
			watch.changed(Change.delete("a", 9), Change.delete("b", 10), Change.put(entry("c", 11)));
			this.loop.runDue();
			assertThat(this.listener.passed).containsExactlyInAnyOrder(entry("a", 6), entry("b", 8));
			assertThat(this.reflector.snapshot()).isEqualTo(snapshot(11, entry("c", 11)));
		}

		@Test
		void tellsOfNothingPassedWhenASnapshotShowsIt() {
			start();
			FakeWatch watch = sync(snapshot(5, entry("a", 3)));
			watch.changed(Change.put(entry("b", 6)));
			this.loop.runDue();
			watch.changed(Change.delete("b", 7), Change.delete("a", 8), Change.put(entry("a", 9)));
			this.loop.runDue();
			assertThat(this.listener.passed).isEmpty();
		}

		@Test
		void watchBeginsAfterTheListWhenWhatStandsThereIsTooLarge() {
			start();
			sync(snapshot(5, entry("a", 5)));
			this.loop.advance(Duration.ofMinutes(1));
			this.etcd.lastWatch().failed(Kind.TOO_LARGE);
			this.loop.advance(MAX_DELAY);
			FakeWatch watch = sync(snapshot(9, entry("a", 9)));
			assertThat(watch.fromRevision()).isEqualTo(10);
			watch.silence();
			advanceWithPositions(Duration.ofMinutes(1), new Position(CLUSTER, 9));
			this.etcd.comparisons().forEach((comparison) -> comparison.complete(false));
			advanceWithPositions(Duration.ofMinutes(10), new Position(CLUSTER, 9));
			assertSyncedAt(9);
			assertThat(this.etcd.lists()).hasSize(2);
			watch.failed(Kind.UNREACHABLE);
			this.loop.advance(MAX_DELAY);
			assertThat(sync(snapshot(9, entry("a", 9))).fromRevision()).isEqualTo(9);
		}

	}

	/**
	 * Whatever ends the watch or fails the list leads to a new list, while the last
	 * snapshot is served.
	 */
	@Nested
	class Relisting extends Fixture {

		@Test
		void servesLastSnapshotWhileDisconnected() {
			start();
			Snapshot last = snapshot(5, entry("a", 3));
			sync(last).failed(Kind.UNREACHABLE);
			for (int i = 0; i < 100; i++) {
				this.loop.advance(MAX_DELAY);
				this.etcd.lastList().completeExceptionally(FakeListerWatcher.failure(Kind.UNREACHABLE));
				assertThat(this.reflector.snapshot()).isSameAs(this.listener.published.get(0).snapshot())
					.isEqualTo(last);
			}
			assertThat(this.listener.published).hasSize(1);
			MirrorState state = this.reflector.state();
			assertThat(state.synced()).isFalse();
			assertThat(state.revision()).isEqualTo(5);
			assertThat(state.reason()).isEqualTo("failed: UNREACHABLE");
			assertThat(state.staleness()).isBetween(Duration.ofSeconds(499), Duration.ofSeconds(500));
		}

		@Test
		void catchesUpAfterADisconnection() {
			start();
			sync(snapshot(5, entry("a", 3), entry("b", 4))).failed(Kind.UNREACHABLE);
			this.loop.advance(MAX_DELAY);
			sync(snapshot(9, entry("b", 4), entry("c", 9)));
			assertThat(this.listener.published).hasSize(2);
			assertThat(this.listener.published.get(1).changedKeys()).containsExactlyInAnyOrder("a", "c");
			assertSyncedAt(9);
			assertThat(this.etcd.lastWatch().fromRevision()).isEqualTo(9);
		}

		@Test
		void publishesNoKeyAsChangedWhenNothingChangedMeanwhile() {
			start();
			sync(snapshot(5, entry("a", 3))).failed(Kind.UNREACHABLE);
			this.loop.advance(MAX_DELAY);
			sync(snapshot(8, entry("a", 3)));
			assertThat(this.listener.published.get(1)).isEqualTo(new Published(snapshot(8, entry("a", 3)), Set.of()));
		}

		@ParameterizedTest
		@EnumSource
		void relistsWhateverEndsTheWatch(Kind kind) {
			start();
			FakeWatch watch = sync(snapshot(5, entry("a", 3)));
			watch.failed(kind);
			this.loop.runDue();
			assertLost(kind);
			assertThat(watch.closed()).isOne();
			assertRelistsAndConverges();
		}

		@ParameterizedTest
		@EnumSource
		void relistsWhateverFailsTheList(Kind kind) {
			start();
			this.etcd.lastList().completeExceptionally(FakeListerWatcher.failure(kind));
			this.loop.runDue();
			assertLost(kind);
			assertThat(this.etcd.watches()).isEmpty();
			assertRelistsAndConverges();
		}

		@Test
		void relistsWhenRevisionCompacted() {
			start();
			answer(snapshot(5, entry("a", 3)));
			this.etcd.lastWatch().failed(Kind.COMPACTED);
			this.loop.runDue();
			assertLost(Kind.COMPACTED);
			assertThat(this.reflector.snapshot()).isEqualTo(snapshot(5, entry("a", 3)));
			assertRelistsAndConverges();
		}

		@Test
		void relistsWhenWatchIsReplaced() {
			start();
			FakeWatch watch = sync(snapshot(5, entry("a", 3)));
			watch.created(9);
			this.loop.runDue();
			assertLost(Kind.INCOHERENT);
			watch.changed(Change.put(entry("x", 10)));
			this.loop.runDue();
			assertThat(this.reflector.snapshot()).isEqualTo(snapshot(5, entry("a", 3)));
			assertThat(watch.closed()).isOne();
			assertRelistsAndConverges();
		}

		@Test
		void relistsWhenRevisionsGoBack() {
			start();
			FakeWatch watch = sync(snapshot(5, entry("a", 3)));
			watch.changed(Change.put(entry("b", 4)));
			this.loop.runDue();
			assertLost(Kind.INCOHERENT);
			assertThat(this.reflector.snapshot()).isEqualTo(snapshot(5, entry("a", 3)));
			assertRelistsAndConverges();
		}

		@Test
		void relistsWhenARevisionIsSentAgain() {
			start();
			FakeWatch watch = sync(snapshot(5, entry("a", 3)));
			watch.changed(Change.put(entry("b", 6)));
			watch.changed(Change.delete("b", 6));
			this.loop.runDue();
			assertLost(Kind.INCOHERENT);
			assertRelistsAndConverges();
		}

		@Test
		void dropsCallbacksOfAnEarlierAttempt() {
			start();
			FakeWatch early = sync(snapshot(5, entry("a", 3)));
			early.failed(Kind.UNREACHABLE);
			this.loop.advance(MAX_DELAY);
			sync(snapshot(6, entry("a", 3)));
			early.created(9);
			early.created(9);
			early.changed(Change.put(entry("x", 9)));
			early.failed(Kind.UNREACHABLE);
			early.handler().created(CLUSTER + 1, 1);
			this.loop.advance(Duration.ofHours(1));
			assertThat(this.reflector.snapshot()).isEqualTo(snapshot(6, entry("a", 3)));
			assertThat(this.reflector.state().synced()).isTrue();
			assertThat(this.etcd.lists()).hasSize(2);
			assertThat(this.listener.lost).hasSize(1);
		}

		@Test
		void dropsWhatAWatchDeliveredBeforeItFailedOnceTheNextListIsAsked() {
			start();
			FakeWatch early = sync(snapshot(5));
			early.failed(Kind.UNREACHABLE);
			early.changed(Change.put(entry("x", 6)));
			this.loop.runDue();
			assertThat(this.reflector.snapshot()).isEqualTo(snapshot(5));
		}

		@Test
		void failureToldTwiceIsOneFailure() {
			start();
			FakeWatch watch = sync(snapshot(5));
			watch.failed(Kind.UNREACHABLE);
			watch.failed(Kind.CANCELLED);
			this.loop.runDue();
			assertLost(Kind.UNREACHABLE);
			this.loop.advance(Duration.ofHours(1));
			assertThat(this.etcd.lists()).hasSize(2);
		}

		@Test
		void timesOutAWatchThatIsNeverCreated() {
			start();
			answer(snapshot(5, entry("a", 3)));
			FakeWatch watch = this.etcd.lastWatch();
			this.loop.advance(CREATE_TIMEOUT.minusMillis(1));
			assertThat(this.listener.lost).isEmpty();
			this.loop.advance(Duration.ofMillis(1));
			assertLost(Kind.TIMED_OUT);
			assertThat(watch.closed()).isOne();
			watch.created(5);
			this.loop.runDue();
			assertThat(this.reflector.state().synced()).isFalse();
			assertRelistsAndConverges();
		}

		@Test
		void tellsHowEachListEnds() {
			start();
			this.etcd.lastList().completeExceptionally(FakeListerWatcher.failure(Kind.TIMED_OUT));
			this.loop.advance(MAX_DELAY);
			answer(snapshot(5));
			this.etcd.lastWatch().failed(Kind.NO_LEADER);
			this.loop.advance(MAX_DELAY);
			FakeWatch watch = sync(snapshot(5));
			watch.changed(Change.put(entry("a", 6)), Change.delete("a", 7));
			this.loop.runDue();
			watch.failed(Kind.COMPACTED);
			this.loop.advance(MAX_DELAY);
			this.reflector.close();
			this.loop.runDue();
			assertThat(this.listener.course).containsExactly("listing", "TIMED_OUT", "listing", "NO_LEADER", "listing",
					"synced", "applied 2", "COMPACTED", "listing", "CANCELLED");
		}

		@Test
		void listThatIsBegunAnewIsToldToEndFirst() {
			start();
			answer(snapshot(5));
			this.etcd.lastWatch().handler().connectionReplaced();
			this.loop.runDue();
			sync(snapshot(5));
			this.etcd.lastWatch().handler().connectionReplaced();
			this.loop.runDue();
			sync(snapshot(5));
			assertThat(this.listener.course).containsExactly("listing", "CANCELLED", "listing", "synced", "listing",
					"synced");
			assertThat(this.listener.lost).isEmpty();
		}

		@Test
		void knowsTheFailureInsideACompletionException() {
			start();
			this.etcd.lastList()
				.completeExceptionally(new CompletionException(FakeListerWatcher.failure(Kind.UNAUTHENTICATED)));
			this.loop.runDue();
			assertLost(Kind.UNAUTHENTICATED);
		}

		@Test
		void failureOfAnotherKindLeadsToARelistToo() {
			start();
			this.etcd.lastList().completeExceptionally(new IllegalStateException("unexpected"));
			this.loop.runDue();
			assertLost(Kind.OTHER);
			assertThat(this.reflector.state().reason()).contains("unexpected");
			assertRelistsAndConverges();
		}

	}

	/**
	 * A store that was wiped, restored or replaced is noticed, and its data is never
	 * merged with that of the former one.
	 */
	@Nested
	class AnotherStore extends Fixture {

		@Test
		void relistsWhenWatchLeadsToAnotherCluster() {
			start();
			answer(snapshot(5, entry("a", 3)));
			this.etcd.lastWatch().handler().created(CLUSTER + 1, 5);
			this.loop.runDue();
			assertLost(Kind.INCOHERENT);
			assertRelistsAndConverges();
		}

		@Test
		void neverMergesTheDataOfTwoClusters() {
			start();
			FakeWatch watch = sync(snapshot(5, entry("a", 3)));
			watch.handler().changed(new Batch(CLUSTER + 1, 9, List.of(Change.put(entry("x", 9)))));
			this.loop.runDue();
			assertLost(Kind.INCOHERENT);
			assertThat(this.reflector.snapshot()).isEqualTo(snapshot(5, entry("a", 3)));
			this.loop.advance(MAX_DELAY);
			Snapshot other = new Snapshot(CLUSTER + 1, 4, Map.of("x", entry("x", 2)));
			answer(other);
			assertThat(this.listener.published.get(1)).isEqualTo(new Published(other, Set.of("a", "x")));
		}

		@Test
		void resetsWhenStoreWasWiped() {
			start();
			sync(snapshot(500, entry("a", 300), entry("b", 400))).failed(Kind.UNREACHABLE);
			this.loop.advance(MAX_DELAY);
			sync(snapshot(3, entry("b", 2)));
			assertThat(this.listener.published.get(1))
				.isEqualTo(new Published(snapshot(3, entry("b", 2)), Set.of("a", "b")));
			assertSyncedAt(3);
			assertThat(this.etcd.lastWatch().fromRevision()).isEqualTo(3);
		}

		@Test
		void resetsWhenStoreWasWipedBetweenListAndWatch() {
			start();
			answer(snapshot(500, entry("a", 300)));
			this.etcd.lastWatch().created(499);
			this.loop.runDue();
			assertThat(this.reflector.state().synced()).isFalse();
			this.etcd.lastPosition().complete(new Position(CLUSTER, 499));
			this.loop.runDue();
			assertLost(Kind.INCOHERENT);
			assertThat(this.reflector.snapshot()).isEqualTo(snapshot(500, entry("a", 300)));
			assertRelistsAndConverges();
		}

		@Test
		void memberThatLagsBehindIsNoReset() {
			start();
			answer(snapshot(500, entry("a", 300)));
			this.etcd.lastWatch().created(499);
			this.loop.runDue();
			assertThat(this.etcd.positions()).hasSize(1);
			this.etcd.lastPosition().complete(new Position(CLUSTER, 500));
			this.loop.advance(Duration.ofHours(1));
			assertSyncedAt(500);
			assertThat(this.etcd.lists()).hasSize(1);
		}

		@Test
		void relistsWhenItCannotBeToldWhetherTheStoreWasWiped() {
			start();
			answer(snapshot(500, entry("a", 300)));
			this.etcd.lastWatch().created(499);
			this.loop.runDue();
			this.etcd.lastPosition().completeExceptionally(FakeListerWatcher.failure(Kind.NO_LEADER));
			this.loop.runDue();
			assertLost(Kind.NO_LEADER);
			assertRelistsAndConverges();
		}

		@Test
		void relistsWhenASignOfLifeComesFromAWipedStore() {
			start();
			sync(snapshot(500, entry("a", 300))).handler().alive(CLUSTER, 3);
			this.loop.runDue();
			this.etcd.lastPosition().complete(new Position(CLUSTER, 3));
			this.loop.runDue();
			assertLost(Kind.INCOHERENT);
			assertRelistsAndConverges();
		}

		@Test
		void relistsWhenASignOfLifeComesFromAnotherCluster() {
			start();
			sync(snapshot(5, entry("a", 3))).handler().alive(CLUSTER + 1, 99);
			this.loop.runDue();
			assertLost(Kind.INCOHERENT);
			assertRelistsAndConverges();
		}

		@Test
		void signOfLifeDoesNotMoveTheRevision() {
			start();
			FakeWatch watch = sync(snapshot(5));
			watch.handler().alive(CLUSTER, 9);
			this.loop.runDue();
			assertSyncedAt(5);
			watch.changed(Change.put(entry("a", 6)));
			this.loop.runDue();
			assertSyncedAt(6);
		}

		@Test
		void resetIsToldBeforeTheSnapshotThatDoesNotContinue() {
			start();
			sync(snapshot(500, entry("a", 300))).failed(Kind.UNREACHABLE);
			this.loop.advance(MAX_DELAY);
			assertThat(this.listener.resets).isEmpty();
			sync(snapshot(3, entry("b", 2)));
			assertThat(this.listener.resets).containsExactly(Reset.REWOUND);
			assertThat(this.listener.lastPublished()).isEqualTo(snapshot(3, entry("b", 2)));
			assertThat(this.listener.calls).endsWith("lost", "reset", "published", "synced");
		}

		@Test
		void noResetIsToldWhenTheStoreOnlyWentOn() {
			start();
			sync(snapshot(5, entry("a", 3))).failed(Kind.UNREACHABLE);
			this.loop.advance(MAX_DELAY);
			sync(snapshot(9));
			assertThat(this.listener.resets).isEmpty();
		}

	}

	/**
	 * A watch from which nothing comes is asked for a sign of life, and compared with
	 * etcd where it can give none.
	 */
	@Nested
	class Silence extends Fixture {

		@Test
		void relistsWhenTheWatchFallsSilent() {
			start();
			FakeWatch watch = sync(snapshot(5, entry("a", 3)));
			this.loop.advance(Duration.ofMinutes(10));
			assertThat(this.listener.lost).isEmpty();
			watch.silence();
			long silentSince = this.loop.nanoTime();
			while (this.listener.lost.isEmpty()) {
				this.loop.advance(Duration.ofMillis(100));
				assertThat(Duration.ofNanos(this.loop.nanoTime() - silentSince))
					.isLessThanOrEqualTo(MirrorTiming.CHECK_INTERVAL.multipliedBy(5).dividedBy(2).plusMillis(100));
			}
			assertLost(Kind.TIMED_OUT);
			assertThat(watch.shunned()).isTrue();
			assertThat(watch.closed()).isOne();
			assertRelistsAndConverges();
		}

		@Test
		void changesAreASignOfLifeToo() {
			start();
			FakeWatch watch = sync(snapshot(1));
			this.loop.advance(Duration.ofMinutes(1));
			watch.silence();
			for (int revision = 2; revision < 100; revision++) {
				this.loop.advance(Duration.ofSeconds(2));
				watch.changed(Change.put(entry("a", revision)));
			}
			this.loop.runDue();
			assertThat(this.listener.lost).isEmpty();
		}

		@Test
		void relistsWhenTheWatchFallsSilentBeforeItWasAsked() {
			start();
			FakeWatch watch = sync(snapshot(5, entry("a", 3)));
			watch.lose();
			long lostAt = this.loop.nanoTime();
			while (this.listener.lost.isEmpty()) {
				this.loop.advance(Duration.ofMillis(10));
				assertThat(Duration.ofNanos(this.loop.nanoTime() - lostAt))
					.isLessThanOrEqualTo(MirrorTiming.CHECK_INTERVAL.multipliedBy(5).dividedBy(4).plusMillis(10));
			}
			assertLost(Kind.TIMED_OUT);
			assertThat(watch.shunned()).isTrue();
			assertThat(this.etcd.positions()).isEmpty();
			assertRelistsAndConverges();
		}

		@Test
		void watchThatCannotBeAskedMayBeSilentWhileNothingChanges() {
			start();
			FakeWatch watch = sync(snapshot(5, entry("a", 3)));
			watch.silence();
			advanceWithPositions(Duration.ofMinutes(10), new Position(CLUSTER, 9));
			assertThat(this.etcd.comparisons()).hasSize(1);
			this.etcd.lastComparison().complete(false);
			advanceWithPositions(Duration.ofMinutes(10), new Position(CLUSTER, 9));
			assertThat(this.etcd.positions()).hasSizeBetween(120, 300);
			assertThat(this.etcd.comparisons()).hasSize(1);
			assertThat(this.etcd.lists()).hasSize(1);
			assertThat(this.listener.lost).isEmpty();
			assertSyncedAt(5);
		}

		@Test
		void relistsWhenAWatchThatCannotBeAskedMissesAChange() {
			start();
			FakeWatch watch = sync(snapshot(5, entry("a", 3)));
			watch.silence();
			long changedAt = this.loop.nanoTime();
			while (this.listener.lost.isEmpty()) {
				advanceWithPositions(Duration.ofMillis(100), new Position(CLUSTER, 9));
				this.etcd.comparisons().forEach((comparison) -> comparison.complete(true));
				assertThat(Duration.ofNanos(this.loop.nanoTime() - changedAt)).isLessThan(Duration.ofSeconds(15));
			}
			assertLost(Kind.TIMED_OUT);
			assertThat(watch.shunned()).isTrue();
			assertRelistsAndConverges();
		}

		@Test
		void eventOfAWatchThatCannotBeAskedMayBeUnderWay() {
			start();
			FakeWatch watch = sync(snapshot(5, entry("a", 3)));
			watch.silence();
			for (int revision = 6; revision < 50; revision++) {
				int comparisons = this.etcd.comparisons().size();
				while (this.etcd.comparisons().size() == comparisons) {
					advanceWithPositions(Duration.ofMillis(100), new Position(CLUSTER, revision));
				}
				this.etcd.lastComparison().complete(true);
				this.loop.runDue();
				watch.changed(Change.put(entry("a", revision)));
				this.loop.runDue();
			}
			assertThat(this.listener.lost).isEmpty();
			assertThat(this.reflector.snapshot()).isEqualTo(snapshot(49, entry("a", 49)));
		}

		@ParameterizedTest
		@EnumSource
		void relistsWhenNeitherTheWatchNorEtcdAnswers(Kind kind) {
			start();
			sync(snapshot(5)).silence();
			this.loop.advance(MirrorTiming.CHECK_INTERVAL.multipliedBy(5).dividedBy(2));
			this.etcd.lastPosition().completeExceptionally(FakeListerWatcher.failure(kind));
			this.loop.runDue();
			assertLost(kind);
			assertRelistsAndConverges();
		}

		@Test
		void findsAWipedStoreBehindAWatchThatCannotBeAsked() {
			start();
			sync(snapshot(5)).silence();
			advanceWithPositions(MirrorTiming.CHECK_INTERVAL.multipliedBy(3), new Position(CLUSTER, 3));
			assertLost(Kind.INCOHERENT);
		}

		@Test
		void watchThatLeadsThroughAProxyFromNowOnCostsOneRelist() {
			start();
			sync(snapshot(5));
			this.loop.advance(Duration.ofMinutes(1));
			this.etcd.lastWatch().silence();
			this.loop.advance(MirrorTiming.CHECK_INTERVAL.multipliedBy(5).dividedBy(2));
			assertLost(Kind.TIMED_OUT);
			this.loop.advance(MAX_DELAY);
			for (int i = 0; i < 2; i++) {
				sync(snapshot(5)).silence();
				this.loop.advance(MirrorTiming.CHECK_INTERVAL.multipliedBy(5).dividedBy(2));
				this.loop.advance(MAX_DELAY);
			}
			int lists = this.etcd.lists().size();
			assertThat(lists).isEqualTo(3);
			advanceWithPositions(Duration.ofMinutes(10), new Position(CLUSTER, 5));
			assertThat(this.etcd.lists()).hasSize(lists);
		}

		@Test
		void asksEtcdWhereItIsWhenTheWatchDoesNotKnow() {
			start();
			answer(snapshot(5, entry("a", 3)));
			this.etcd.lastWatch().handler().created(0, 5);
			this.loop.runDue();
			assertThat(this.reflector.state().synced()).isFalse();
			this.etcd.lastPosition().complete(new Position(CLUSTER, 5));
			this.loop.runDue();
			assertSyncedAt(5);
		}

		@Test
		void relistsWhenAWatchThatDoesNotKnowItsClusterLeadsToAnother() {
			start();
			answer(snapshot(5, entry("a", 3)));
			this.etcd.lastWatch().handler().created(0, 5);
			this.loop.runDue();
			this.etcd.lastPosition().complete(new Position(CLUSTER + 1, 50));
			this.loop.runDue();
			assertLost(Kind.INCOHERENT);
		}

		@Test
		void silenceIsNoConcernWithoutChecks() {
			Reflector reflector = reflector(new MirrorTiming(CREATE_TIMEOUT, Duration.ZERO, Duration.ZERO));
			reflector.start();
			this.loop.runDue();
			sync(snapshot(5)).silence();
			this.loop.advance(Duration.ofHours(1));
			assertThat(reflector.state().synced()).isTrue();
		}

	}

	/**
	 * From time to time the mirror is compared with a list, whatever the watch says.
	 */
	@Nested
	class Audits extends Fixture {

		@Test
		void auditFindsEventsThatTheWatchLost() {
			Reflector reflector = audited();
			sync(snapshot(5, entry("a", 3), entry("b", 4)));
			this.loop.advance(AUDIT_INTERVAL.multipliedBy(5).dividedBy(4));
			answer(snapshot(9, entry("b", 4), entry("c", 7)));
			assertThat(reflector.state().synced()).isTrue();
			this.loop.advance(CREATE_TIMEOUT);
			assertLost(Kind.INCOHERENT, reflector);
			assertThat(reflector.state().repairs()).isOne();
			this.loop.advance(MAX_DELAY);
			sync(snapshot(9, entry("b", 4), entry("c", 7)));
			assertThat(reflector.snapshot()).isEqualTo(snapshot(9, entry("b", 4), entry("c", 7)));
			assertThat(reflector.state().relists()).isOne();
		}

		@Test
		void auditDoesNotMindEventsThatAreUnderWay() {
			Reflector reflector = audited();
			FakeWatch watch = sync(snapshot(5, entry("a", 3), entry("b", 4)));
			for (int revision = 6; revision < 30; revision++) {
				int lists = this.etcd.lists().size();
				this.loop.advance(AUDIT_INTERVAL.multipliedBy(5).dividedBy(4));
				assertThat(this.etcd.lists()).hasSize(lists + 1);
				answer(snapshot(revision, entry("a", revision), entry("b", 4)));
				watch.changed(Change.put(entry("a", revision)));
				this.loop.advance(CREATE_TIMEOUT);
			}
			assertThat(this.listener.lost).isEmpty();
			assertThat(reflector.state().repairs()).isZero();
		}

		@Test
		void auditAcceptsWhatTheWatchSawAfterTheList() {
			Reflector reflector = audited();
			FakeWatch watch = sync(snapshot(5, entry("a", 3)));
			this.loop.advance(AUDIT_INTERVAL.multipliedBy(5).dividedBy(4));
			watch.changed(Change.put(entry("b", 6)), Change.delete("a", 7));
			answer(snapshot(5, entry("a", 3)));
			this.loop.advance(CREATE_TIMEOUT);
			assertThat(reflector.state().repairs()).isZero();
			assertThat(reflector.snapshot()).isEqualTo(snapshot(7, entry("b", 6)));
		}

		@Test
		void auditFindsAWipedStore() {
			Reflector reflector = audited();
			sync(snapshot(500, entry("a", 300)));
			this.loop.advance(AUDIT_INTERVAL.multipliedBy(5).dividedBy(4));
			answer(snapshot(3));
			assertLost(Kind.INCOHERENT, reflector);
			assertThat(reflector.state().repairs()).isZero();
		}

		@Test
		void auditThatFailsIsMadeLater() {
			Reflector reflector = audited();
			sync(snapshot(5, entry("a", 3)));
			for (int i = 0; i < 10; i++) {
				int lists = this.etcd.lists().size();
				this.loop.advance(AUDIT_INTERVAL.multipliedBy(5).dividedBy(4));
				assertThat(this.etcd.lists()).hasSize(lists + 1);
				this.etcd.lastList().completeExceptionally(FakeListerWatcher.failure(Kind.TIMED_OUT));
				this.loop.runDue();
			}
			assertThat(reflector.state().synced()).isTrue();
			assertThat(this.listener.lost).isEmpty();
		}

		@Test
		void auditThatCannotBeMadeIsToldOnce() {
			audited();
			sync(snapshot(5, entry("a", 3)));
			for (int round = 0; round < 2; round++) {
				for (int i = 0; i < 3; i++) {
					audit().completeExceptionally(FakeListerWatcher.failure(Kind.TOO_LARGE));
					this.loop.runDue();
				}
				audit().complete(snapshot(5, entry("a", 3)));
				this.loop.advance(CREATE_TIMEOUT);
			}
			assertThat(this.listener.course).filteredOn((call) -> call.startsWith("audit"))
				.containsExactly("audit TOO_LARGE", "audit TOO_LARGE");
			assertThat(this.listener.lost).isEmpty();
		}

		@Test
		void auditOfAnEarlierAttemptIsDropped() {
			Reflector reflector = audited();
			FakeWatch watch = sync(snapshot(5, entry("a", 3)));
			this.loop.advance(AUDIT_INTERVAL.multipliedBy(5).dividedBy(4));
			CompletableFuture<Snapshot> audit = this.etcd.lastList();
			watch.failed(Kind.UNREACHABLE);
			this.loop.advance(MAX_DELAY);
			sync(snapshot(6, entry("b", 6)));
			audit.complete(snapshot(5, entry("a", 3)));
			this.loop.advance(CREATE_TIMEOUT.plusMillis(1));
			assertThat(reflector.state().synced()).isTrue();
			assertThat(reflector.snapshot()).isEqualTo(snapshot(6, entry("b", 6)));
			assertThat(reflector.state().repairs()).isZero();
		}

	}

	/**
	 * What comes faster than it is applied is merged or costs a list, and never the
	 * memory.
	 */
	@Nested
	class Backlogs extends Fixture {

		@Test
		void restartsWhenBacklogOverflows() {
			start();
			FakeWatch watch = sync(snapshot(1));
			for (int i = 0; i < Backlog.MAX_CHANGES + 2; i++) {
				watch.changed(Change.put(entry("k", 2 + i)));
			}
			this.loop.runDue();
			assertLost(Kind.INCOHERENT);
			assertThat(watch.closed()).isOne();
			assertRelistsAndConverges();
		}

		@Test
		void backlogIsCountedInChanges() {
			start();
			FakeWatch watch = sync(snapshot(1));
			for (int i = 0; i < 3; i++) {
				long revision = 2 + i;
				watch.changed(IntStream.range(0, Backlog.MAX_CHANGES / 2 + 1)
					.mapToObj((key) -> Change.put(entry("k" + key, revision)))
					.toArray(Change[]::new));
			}
			this.loop.runDue();
			assertLost(Kind.INCOHERENT);
		}

		@Test
		void longBacklogThatIsStillBearableIsApplied() {
			start();
			FakeWatch watch = sync(snapshot(1));
			for (int round = 0; round < 3; round++) {
				for (int i = 0; i < Backlog.MAX_CHANGES; i++) {
					watch.changed(Change.put(entry("k", 2 + i + round * Backlog.MAX_CHANGES)));
				}
				this.loop.runDue();
			}
			assertThat(this.listener.lost).isEmpty();
			assertThat(this.reflector.state().revision()).isEqualTo(1 + 3 * Backlog.MAX_CHANGES);
		}

	}

	/**
	 * Retries never end and never become a flood.
	 */
	@Nested
	class Delays extends Fixture {

		@Test
		void retriesForEverWithGrowingDelays() {
			start();
			List<Duration> delays = new ArrayList<>();
			for (int i = 0; i < 200; i++) {
				this.etcd.lastList().completeExceptionally(FakeListerWatcher.failure(Kind.UNREACHABLE));
				delays.add(timeUntilTheNextList());
			}
			assertThat(delays).allSatisfy((delay) -> assertThat(delay).isBetween(Duration.ofMillis(200), MAX_DELAY));
			assertThat(delays.get(0)).isLessThanOrEqualTo(Duration.ofMillis(400));
			assertThat(delays.subList(10, 200).stream().mapToLong(Duration::toMillis).average().orElseThrow())
				.isGreaterThan(1500);
		}

		@Test
		void delaysStartOverOnceTheWatchHasLived() {
			start();
			failLists(20);
			FakeWatch watch = sync(snapshot(5));
			this.loop.advance(MirrorTiming.CHECK_INTERVAL.multipliedBy(2));
			watch.failed(Kind.UNREACHABLE);
			assertThat(timeUntilTheNextList()).isLessThanOrEqualTo(Duration.ofMillis(400));
		}

		@Test
		void delaysGrowWhileWatchesDieYoung() {
			start();
			long total = 0;
			for (int i = 0; i < 40; i++) {
				sync(snapshot(5)).failed(Kind.TOO_LARGE);
				total += timeUntilTheNextList().toMillis();
			}
			assertThat(total / 40).isGreaterThan(1000);
		}

		@Test
		void asksSlowlyWhilePermissionIsDenied() {
			start();
			for (int i = 0; i < 20; i++) {
				this.etcd.lastList().completeExceptionally(FakeListerWatcher.failure(Kind.PERMISSION_DENIED));
				assertThat(timeUntilTheNextList()).isGreaterThanOrEqualTo(Duration.ofSeconds(5));
			}
		}

	}

	/**
	 * An outage is told once, with how old what is served is.
	 */
	@Nested
	class Staleness extends Fixture {

		@Test
		void lostIsToldOncePerOutage() {
			start();
			for (int i = 0; i < 5; i++) {
				this.etcd.lastList().completeExceptionally(FakeListerWatcher.failure(Kind.UNREACHABLE));
				this.loop.advance(MAX_DELAY);
			}
			assertLost(Kind.UNREACHABLE);
			answer(snapshot(5, entry("a", 3)));
			this.etcd.lastWatch().failed(Kind.NO_LEADER);
			this.loop.advance(MAX_DELAY);
			assertThat(this.listener.lost).hasSize(1);
			sync(snapshot(5, entry("a", 3)));
			assertThat(this.listener.synced).hasSize(1);
			for (int i = 0; i < 3; i++) {
				this.etcd.lastWatch().failed(Kind.NO_LEADER);
				this.loop.advance(MAX_DELAY);
				answer(snapshot(5, entry("a", 3)));
			}
			assertThat(this.listener.lost).containsExactly(new Loss(Kind.UNREACHABLE, null),
					new Loss(Kind.NO_LEADER, snapshot(5, entry("a", 3))));
		}

		@Test
		void stalenessCountsFromTheLossAndNotFromTheLastTry() {
			start();
			sync(snapshot(5)).failed(Kind.UNREACHABLE);
			this.loop.runDue();
			this.loop.advance(Duration.ofSeconds(7));
			this.etcd.lastList().completeExceptionally(FakeListerWatcher.failure(Kind.TIMED_OUT));
			this.loop.runDue();
			assertThat(this.reflector.state().staleness()).isEqualTo(Duration.ofSeconds(7));
			assertThat(this.reflector.state().reason()).isEqualTo("failed: TIMED_OUT");
		}

		@Test
		void stalenessCountsFromTheBeginningBeforeTheFirstSynchronisation() {
			this.loop.advance(Duration.ofSeconds(4));
			assertThat(this.reflector.state().staleness()).isEqualTo(Duration.ofSeconds(4));
		}

	}

	/**
	 * Whoever asks for a list gets one, and no more than one.
	 */
	@Nested
	class RelistOnDemand extends Fixture {

		@Test
		void relistCutsTheBackOffShortAndListsOnlyOnce() {
			start();
			this.etcd.lastList().completeExceptionally(FakeListerWatcher.failure(Kind.PERMISSION_DENIED));
			this.loop.runDue();
			this.reflector.relist();
			this.reflector.relist();
			this.loop.runDue();
			assertThat(this.etcd.lists()).hasSize(2);
			this.loop.advance(Duration.ofHours(1));
			assertThat(this.etcd.lists()).hasSize(2);
		}

		@Test
		void relistComparesAMirrorThatFollowsWithEtcd() {
			start();
			FakeWatch watch = sync(snapshot(5, entry("a", 3), entry("b", 4)));
			watch.changed(Change.delete("b", 6));
			this.reflector.relist();
			this.loop.runDue();
			assertThat(this.listener.lastPublished().entries()).containsOnlyKeys("a");
			assertThat(watch.closed()).isOne();
			assertThat(this.reflector.state().synced()).as("until it is known better").isTrue();
			assertThat(this.listener.lost).isEmpty();
			sync(snapshot(9, entry("c", 9)));
			assertThat(this.listener.lastPublished()).isEqualTo(snapshot(9, entry("c", 9)));
			assertThat(this.reflector.state().relists()).as("nothing went wrong").isZero();
		}

		@Test
		void relistThatFailsIsTriedAgain() {
			start();
			sync(snapshot(5, entry("a", 3)));
			this.reflector.relist();
			this.loop.runDue();
			this.etcd.lastList().completeExceptionally(FakeListerWatcher.failure(Kind.UNREACHABLE));
			this.loop.runDue();
			assertLost(Kind.UNREACHABLE);
			this.loop.advance(MAX_DELAY);
			assertThat(this.etcd.lists()).hasSize(3);
		}

		@Test
		void relistDoesNotDisturbAMirrorThatIsListing() {
			start();
			this.reflector.relist();
			this.loop.runDue();
			assertThat(this.etcd.lists()).hasSize(1);
			answer(snapshot(5));
			this.reflector.relist();
			this.loop.runDue();
			assertThat(this.etcd.lists()).hasSize(1);
		}

	}

	/**
	 * What a single member has is better than nothing, and takes the place of nothing
	 * newer.
	 */
	@Nested
	class WithoutAMajority extends Fixture {

		@ParameterizedTest
		@EnumSource(names = { "NO_LEADER", "TIMED_OUT", "UNREACHABLE" })
		void tellsWhatASingleMemberHasWhileThereIsNoMajority(Kind kind) {
			startWithout(kind);
			assertThat(this.reflector.firstSync()).isNotDone();
			this.etcd.staleLists().get(0).complete(snapshot(5, entry("a", 3)));
			this.loop.runDue();
			assertThat(this.listener.stale).containsExactly(new Published(snapshot(5, entry("a", 3)), Set.of("a")));
			assertThat(this.listener.published).isEmpty();
			assertThat(this.reflector.snapshot()).isEqualTo(snapshot(5, entry("a", 3)));
			assertThat(this.reflector.firstSync()).isCompleted();
			this.loop.advance(MAX_DELAY);
			assertThat(this.reflector.state().synced()).isFalse();
			assertThat(this.reflector.state().staleness()).isGreaterThanOrEqualTo(MAX_DELAY);
			assertThat(this.reflector.state().reason()).isEqualTo("failed: " + kind);
			sync(snapshot(7, entry("b", 7)));
			assertThat(this.listener.published)
				.containsExactly(new Published(snapshot(7, entry("b", 7)), Set.of("a", "b")));
			assertSyncedAt(7);
		}

		@Test
		void whatASingleMemberHasTakesThePlaceOfNothingNewer() {
			startWithout(Kind.NO_LEADER);
			this.etcd.staleLists().get(0).complete(snapshot(5, entry("a", 3)));
			this.loop.runDue();
			offerStale(snapshot(4, entry("b", 4)));
			offerStale(new Snapshot(CLUSTER + 1, 9, Map.of("x", entry("x", 9))));
			offerStale(snapshot(9));
			assertThat(this.reflector.snapshot()).isEqualTo(snapshot(5, entry("a", 3)));
			offerStale(snapshot(6, entry("a", 3), entry("b", 6)));
			assertThat(this.reflector.snapshot()).isEqualTo(snapshot(6, entry("a", 3), entry("b", 6)));
			assertThat(this.listener.stale).last().extracting(Published::changedKeys).isEqualTo(Set.of("b"));
		}

		@Test
		void whatASingleMemberHasComesTooLateOnceTheRangeWasListed() {
			startWithout(Kind.NO_LEADER);
			CompletableFuture<Snapshot> stale = this.etcd.staleLists().get(0);
			this.loop.advance(MAX_DELAY);
			answer(snapshot(5, entry("a", 3)));
			stale.complete(snapshot(9, entry("b", 9)));
			this.loop.runDue();
			assertThat(this.reflector.snapshot()).isEqualTo(snapshot(5, entry("a", 3)));
			this.etcd.lastWatch().failed(Kind.NO_LEADER);
			this.loop.advance(MAX_DELAY);
			this.etcd.lastList().completeExceptionally(FakeListerWatcher.failure(Kind.NO_LEADER));
			this.loop.runDue();
			assertThat(this.etcd.staleLists()).hasSize(1);
			assertThat(this.listener.stale).isEmpty();
		}

		@Test
		void noMemberIsAskedByItselfWhileEtcdRefuses() {
			startWithout(Kind.PERMISSION_DENIED);
			assertThat(this.etcd.staleLists()).isEmpty();
		}

		@Test
		void tellsOfAResetAfterWhatASingleMemberHad() {
			startWithout(Kind.NO_LEADER);
			this.etcd.staleLists().get(0).complete(snapshot(5, entry("a", 3)));
			this.loop.advance(MAX_DELAY);
			answer(snapshot(2, entry("b", 2)));
			assertThat(this.listener.resets).hasSize(1);
		}

	}

	/**
	 * It converges and goes on, whatever happens in whatever order.
	 */
	@Nested
	class Always extends Fixture {

		@Test
		void listenerThatThrowsDoesNotStopTheMirror() {
			ThrowingListener throwing = new ThrowingListener();
			Reflector reflector = reflector(this.loop, throwing);
			reflector.start();
			this.loop.runDue();
			FakeWatch watch = sync(snapshot(5));
			watch.changed(Change.put(entry("a", 6)), Change.delete("a", 7));
			this.loop.runDue();
			assertThat(reflector.firstSync()).isCompleted();
			assertThat(reflector.state().revision()).isEqualTo(7);
			assertThat(reflector.state().synced()).isTrue();
			watch.failed(Kind.UNREACHABLE);
			this.loop.advance(MAX_DELAY);
			sync(snapshot(3));
			assertThat(reflector.state().revision()).isEqualTo(3);
			assertThat(reflector.state().synced()).isTrue();
			assertThat(throwing.calls).containsExactly("published", "synced", "published", "lost", "published",
					"synced");
		}

		/**
		 * Etcd and its client do at random what they can do to us, and a thousand times:
		 * what is published is always what the store held at that revision, and in the
		 * end it is what the store holds.
		 */
		@Test
		void convergesWhateverHappens() {
			for (int seed = 0; seed < 300; seed++) {
				ManualEventLoop loop = new ManualEventLoop();
				RandomEtcd etcd = new RandomEtcd(seed, loop);
				try (Reflector reflector = new Reflector(KeyRange.prefix("k"), etcd.source, loop,
						new RetryDelays(MAX_DELAY), CREATE_TIMEOUT, etcd)) {
					reflector.start();
					for (int i = 0; i < 300; i++) {
						etcd.doSomething();
					}
					etcd.heal();
					assertThat(etcd.violations).as("seed %d", seed).isEmpty();
					assertThat(reflector.state().synced()).as("seed %d", seed).isTrue();
					assertThat(etcd.mirrored()).as("seed %d", seed).isEqualTo(etcd.store().entries());
				}
			}
		}

		/**
		 * A wake-up that gets lost between the client library's thread and the loop would
		 * leave the mirror behind for good, while all looks well.
		 */
		@Test
		@Timeout(60)
		void losesNoWakeUpBetweenThreads() {
			int batches = 200_000;
			try (ThreadEventLoop loop = new ThreadEventLoop("stress");
					Reflector reflector = reflector(loop, (publication) -> {
					})) {
				reflector.start();
				Awaitility.await().until(() -> !this.etcd.lists().isEmpty());
				this.etcd.lastList().complete(snapshot(0));
				Awaitility.await().until(() -> !this.etcd.watches().isEmpty());
				FakeWatch watch = this.etcd.lastWatch();
				watch.created(0);
				CompletableFuture<Void> producer = CompletableFuture.runAsync(() -> produce(watch, reflector, batches));
				Awaitility.await().atMost(Duration.ofSeconds(50)).until(producer::isDone);
				producer.join();
				Awaitility.await()
					.untilAsserted(() -> assertThat(reflector.snapshot()).isEqualTo(snapshot(batches,
							IntStream.range(0, 16)
								.mapToObj((i) -> entry("k" + i, batches - 15 + i))
								.toArray(Entry[]::new))));
				assertThat(this.etcd.lists()).hasSize(1);
				assertThat(reflector.state().synced()).isTrue();
			}
		}

	}

	/**
	 * What each test begins with.
	 */
	abstract static class Fixture {

		final ManualEventLoop loop = new ManualEventLoop();

		final FakeListerWatcher etcd = new FakeListerWatcher();

		final RecordingListener listener = new RecordingListener(this.loop);

		final Reflector reflector = reflector(this.loop, this.listener);

		Reflector reflector(EventLoop loop, SnapshotListener listener) {
			return new Reflector(KeyRange.prefix("services/"), this.etcd, loop, new RetryDelays(MAX_DELAY),
					CREATE_TIMEOUT, listener);
		}

		void advanceWithPositions(Duration duration, Position position) {
			for (long end = this.loop.nanoTime() + duration.toNanos(); this.loop.nanoTime() < end;) {
				this.loop.advance(Duration.ofMillis(100));
				this.etcd.positions().forEach((asked) -> asked.complete(position));
				this.loop.runDue();
			}
		}

		CompletableFuture<Snapshot> audit() {
			this.loop.advance(AUDIT_INTERVAL.multipliedBy(5).dividedBy(4));
			return this.etcd.lastList();
		}

		Reflector audited() {
			Reflector reflector = reflector(
					new MirrorTiming(CREATE_TIMEOUT, MirrorTiming.CHECK_INTERVAL, AUDIT_INTERVAL));
			reflector.start();
			this.loop.runDue();
			return reflector;
		}

		Reflector reflector(MirrorTiming timing) {
			return new Reflector(KeyRange.prefix("services/"), this.etcd, this.loop, new RetryDelays(MAX_DELAY), timing,
					this.listener);
		}

		void failLists(int times) {
			for (int i = 0; i < times; i++) {
				this.etcd.lastList().completeExceptionally(FakeListerWatcher.failure(Kind.UNREACHABLE));
				this.loop.advance(MAX_DELAY);
			}
		}

		void startWithout(Kind kind) {
			start();
			this.etcd.lastList().completeExceptionally(FakeListerWatcher.failure(kind));
			this.loop.runDue();
		}

		void offerStale(Snapshot stale) {
			int asked = this.etcd.staleLists().size();
			this.loop.advance(MAX_DELAY);
			this.etcd.lastList().completeExceptionally(FakeListerWatcher.failure(Kind.NO_LEADER));
			this.loop.runDue();
			assertThat(this.etcd.staleLists()).hasSize(asked + 1);
			this.etcd.staleLists().get(asked).complete(stale);
			this.loop.runDue();
		}

		/**
		 * Lets the loop catch up fully now and then, since it is when the queue has just
		 * run empty that a wake-up can get lost.
		 */
		void produce(FakeWatch watch, Reflector reflector, int batches) {
			Random random = new Random(1);
			for (int revision = 1; revision <= batches; revision++) {
				watch.changed(Change.put(entry("k" + (revision - 1) % 16, revision)));
				int allowed = random.nextInt(100);
				long deadline = System.nanoTime() + TimeUnit.SECONDS.toNanos(20);
				while (revision - reflector.state().revision() > allowed) {
					assertThat(System.nanoTime()).as("stuck at %d of %d", reflector.state().revision(), revision)
						.isLessThan(deadline);
					Thread.yield();
				}
			}
		}

		void start() {
			this.reflector.start();
			this.loop.runDue();
		}

		void answer(Snapshot snapshot) {
			this.etcd.lastList().complete(snapshot);
			this.loop.runDue();
		}

		FakeWatch sync(Snapshot snapshot) {
			answer(snapshot);
			FakeWatch watch = this.etcd.lastWatch();
			watch.created(snapshot.revision());
			this.loop.runDue();
			return watch;
		}

		Duration timeUntilTheNextList() {
			int lists = this.etcd.lists().size();
			long before = this.loop.nanoTime();
			while (this.etcd.lists().size() == lists) {
				this.loop.advance(Duration.ofMillis(1));
				assertThat(this.loop.nanoTime() - before).isLessThan(TimeUnit.MINUTES.toNanos(1));
			}
			return Duration.ofNanos(this.loop.nanoTime() - before);
		}

		void assertSyncedAt(long revision) {
			MirrorState state = this.reflector.state();
			assertThat(state.synced()).isTrue();
			assertThat(state.revision()).isEqualTo(revision);
			assertThat(state.staleness()).isZero();
			assertThat(state.reason()).isNull();
			assertThat(state.pending()).isZero();
		}

		void assertLost(Kind kind) {
			assertLost(kind, this.reflector);
		}

		void assertLost(Kind kind, Reflector reflector) {
			assertThat(this.listener.lost).extracting(Loss::kind).containsExactly(kind);
			assertThat(reflector.state().synced()).isFalse();
			assertThat(reflector.state().reason()).isNotNull();
		}

		void assertRelistsAndConverges() {
			int lists = this.etcd.lists().size();
			this.loop.advance(Duration.ofSeconds(11));
			assertThat(this.etcd.lists()).hasSize(lists + 1);
			Snapshot now = snapshot(50, entry("z", 50));
			sync(now);
			assertThat(this.reflector.snapshot()).isEqualTo(now);
			this.etcd.lastWatch().changed(Change.put(entry("y", 51)));
			this.loop.advance(Duration.ofHours(1));
			assertThat(this.reflector.snapshot()).isEqualTo(snapshot(51, entry("y", 51), entry("z", 50)));
			assertSyncedAt(51);
			assertThat(this.etcd.lists()).hasSize(lists + 1);
		}

	}

	private record Published(Snapshot snapshot, Set<String> changedKeys) {
	}

	private record Loss(Kind kind, @Nullable Snapshot served) {
	}

	private static final class RecordingListener implements SnapshotListener {

		private final EventLoop loop;

		private final List<Published> published = new ArrayList<>();

		private final List<Published> stale = new ArrayList<>();

		private final List<Snapshot> synced = new ArrayList<>();

		private final List<Loss> lost = new ArrayList<>();

		private final List<Reset> resets = new ArrayList<>();

		private final List<Entry> passed = new ArrayList<>();

		private final List<String> calls = new ArrayList<>();

		private final List<String> course = new ArrayList<>();

		RecordingListener(EventLoop loop) {
			this.loop = loop;
		}

		Snapshot lastPublished() {
			return this.published.get(this.published.size() - 1).snapshot();
		}

		@Override
		public void listing() {
			this.loop.assertInLoop();
			this.course.add("listing");
		}

		@Override
		public void stale(Snapshot snapshot, Set<String> changedKeys) {
			this.loop.assertInLoop();
			this.stale.add(new Published(snapshot, Set.copyOf(changedKeys)));
		}

		@Override
		public void auditFailed(EtcdAccessException failure) {
			this.loop.assertInLoop();
			this.course.add("audit " + failure.getKind());
		}

		@Override
		public void failed(EtcdAccessException failure) {
			this.loop.assertInLoop();
			this.course.add(failure.getKind().name());
		}

		@Override
		public void published(Publication publication) {
			this.loop.assertInLoop();
			if (!publication.changes().isEmpty()) {
				this.course.add("applied " + publication.changes().size());
			}
			if (publication.reset() != Reset.NONE) {
				this.calls.add("reset");
				this.resets.add(publication.reset());
			}
			if (!publication.passed().isEmpty()) {
				this.calls.add("passed");
				this.passed.addAll(publication.passed());
			}
			this.calls.add("published");
			this.published.add(new Published(publication.snapshot(), Set.copyOf(publication.changedKeys())));
		}

		@Override
		public void synced(Snapshot snapshot) {
			this.loop.assertInLoop();
			this.calls.add("synced");
			this.course.add("synced");
			this.synced.add(snapshot);
		}

		@Override
		public void lost(EtcdAccessException failure, @Nullable Snapshot served) {
			this.loop.assertInLoop();
			this.calls.add("lost");
			this.lost.add(new Loss(failure.getKind(), served));
		}

	}

	private static final class ThrowingListener implements SnapshotListener {

		private final List<String> calls = new ArrayList<>();

		private RuntimeException bug(String call) {
			this.calls.add(call);
			return new IllegalStateException("a bug of the listener");
		}

		@Override
		public void published(Publication publication) {
			bug("published");
			throw new StackOverflowError("a bug of the listener");
		}

		@Override
		public void synced(Snapshot snapshot) {
			throw bug("synced");
		}

		@Override
		public void lost(EtcdAccessException failure, @Nullable Snapshot served) {
			throw bug("lost");
		}

	}

	/**
	 * A store with a history, served by a client that fails, skips and repeats itself.
	 */
	private static final class RandomEtcd implements SnapshotListener {

		private final FakeListerWatcher source = new FakeListerWatcher();

		private final Random random;

		private final ManualEventLoop loop;

		private final Map<Long, List<Map<String, Entry>>> history = new HashMap<>();

		private final Map<FakeWatch, Long> delivered = new HashMap<>();

		private Map<String, Entry> entries = new HashMap<>();

		private List<Change> changes = new ArrayList<>();

		private long revision = 1;

		private long compacted;

		private final List<String> violations = new ArrayList<>();

		private @Nullable Snapshot last;

		RandomEtcd(int seed, ManualEventLoop loop) {
			this.random = new Random(seed);
			this.loop = loop;
			remember();
		}

		Snapshot store() {
			return new Snapshot(CLUSTER, this.revision, this.entries);
		}

		@Nullable Map<String, Entry> mirrored() {
			return (this.last != null) ? this.last.entries() : null;
		}

		@Override
		public void published(Publication publication) {
			Snapshot snapshot = publication.snapshot();
			if (!this.history.getOrDefault(snapshot.revision(), List.of()).contains(snapshot.entries())) {
				this.violations.add("never held: " + snapshot);
			}
			if (this.last != null && !publication.changedKeys().containsAll(this.last.differences(snapshot))) {
				this.violations.add("changed unsaid: " + this.last + " to " + snapshot);
			}
			if (this.last != null && snapshot.revision() < this.last.revision() && publication.reset() == Reset.NONE) {
				this.violations.add("went back unsaid: " + this.last + " to " + snapshot);
			}
			this.last = snapshot;
		}

		void doSomething() {
			switch (this.random.nextInt(20)) {
				case 0 -> failWatch();
				case 1 -> replaceWatch();
				case 2 -> this.compacted = this.revision;
				case 3 -> answerList(this.random.nextBoolean());
				case 4 -> answerList(true);
				case 5 -> answerPosition();
				case 6, 7, 8 -> createWatch();
				case 9, 10, 11, 12 -> deliver();
				case 13 -> this.loop.advance(Duration.ofMillis(this.random.nextInt(4000)));
				case 14, 15 -> this.loop.runDue();
				case 16 -> wipe();
				default -> write();
			}
		}

		void heal() {
			for (int i = 0; i < 100; i++) {
				answerList(true);
				answerPosition();
				createWatch();
				deliver();
				this.loop.advance(Duration.ofMillis(200));
			}
		}

		private void write() {
			this.entries = new HashMap<>(this.entries);
			this.revision++;
			for (int i = this.random.nextInt(4); i >= 0; i--) {
				String key = "k" + this.random.nextInt(4) + i;
				if (this.random.nextBoolean()) {
					Entry entry = entry(key, this.revision);
					this.entries.put(key, entry);
					this.changes.add(Change.put(entry));
				}
				else if (this.entries.remove(key) != null) {
					this.changes.add(Change.delete(key, this.revision));
				}
			}
			remember();
		}

		private void remember() {
			this.history.computeIfAbsent(this.revision, (revision) -> new ArrayList<>()).add(this.entries);
		}

		/**
		 * The store starts again, and with it all streams. A list that is under way
		 * becomes a stream first: a store that is wiped between the two and reaches the
		 * listed revision before the watch is set up gives no sign of it.
		 */
		private void wipe() {
			if (this.random.nextInt(4) > 0) {
				return;
			}
			this.loop.runDue();
			this.entries = Map.of();
			this.changes = new ArrayList<>();
			this.revision = 1;
			this.compacted = 0;
			remember();
			failWatch();
			this.delivered.clear();
		}

		private void answerList(boolean well) {
			if (this.source.lists().isEmpty()) {
				return;
			}
			if (well) {
				this.source.lastList().complete(store());
			}
			else {
				this.source.lastList().completeExceptionally(FakeListerWatcher.failure(Kind.TIMED_OUT));
			}
		}

		private void answerPosition() {
			if (!this.source.positions().isEmpty()) {
				this.source.lastPosition().complete(new Position(CLUSTER, this.revision));
			}
		}

		private void createWatch() {
			if (this.source.watches().isEmpty() || this.delivered.containsKey(this.source.lastWatch())) {
				return;
			}
			FakeWatch watch = this.source.lastWatch();
			if (watch.fromRevision() < this.compacted) {
				watch.failed(Kind.COMPACTED);
				return;
			}
			this.delivered.put(watch, watch.fromRevision() - 1);
			watch.created(Math.max(1, this.revision - this.random.nextInt(2)));
		}

		private void failWatch() {
			if (!this.source.watches().isEmpty()) {
				this.source.lastWatch().failed(Kind.UNREACHABLE);
			}
		}

		/**
		 * The client library opens a stream of its own again and skips what happened
		 * meanwhile.
		 */
		private void replaceWatch() {
			this.delivered.replaceAll((watch, revision) -> {
				this.loop.runDue();
				watch.created(this.revision);
				return this.revision;
			});
		}

		private void deliver() {
			this.delivered.replaceAll((watch, from) -> {
				long until = Math.min(this.revision, from + 1 + this.random.nextInt(5));
				List<Change> batch = this.changes.stream()
					.filter((change) -> change.revision() > from && change.revision() <= until)
					.toList();
				if (!batch.isEmpty()) {
					watch.handler().changed(new Batch(CLUSTER, this.revision, batch));
				}
				else if (this.random.nextBoolean()) {
					watch.handler().alive(CLUSTER, this.revision);
				}
				return Math.max(from, until);
			});
		}

	}

}
