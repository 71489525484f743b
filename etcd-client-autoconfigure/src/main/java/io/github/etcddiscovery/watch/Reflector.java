package io.github.etcddiscovery.watch;

import java.time.Duration;
import java.util.ArrayList;
import java.util.EnumSet;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.Future;
import java.util.function.Consumer;

import io.github.etcddiscovery.core.EtcdAccessException;
import io.github.etcddiscovery.core.EtcdAccessException.Kind;
import io.github.etcddiscovery.core.EventLoop;
import io.github.etcddiscovery.core.Jitter;
import io.github.etcddiscovery.core.RetryDelays;
import org.apache.commons.logging.Log;
import org.apache.commons.logging.LogFactory;
import org.jspecify.annotations.Nullable;

/**
 * Keeps a mirror of one range of keys: lists the range at one revision, watches it from
 * there, and publishes a snapshot for each batch of changes. The reflector guarantees:
 * <ul>
 * <li>Every published snapshot is what the range contained at its revision: a list is
 * read at one revision, and a batch is applied whole or not at all.
 * <li>Revisions only grow, except after the store was wiped, restored or replaced. The
 * publication says so.
 * <li>Every failure (no connection, compaction, a watch that ends, falls silent, is
 * replaced or contradicts the snapshot, a backlog that overflows) has the same
 * consequence: the mirror is not synchronised, waits, and lists the range again. The
 * reflector never gives up.
 * <li>Meanwhile the mirror serves the last snapshot. Before the first one there is no
 * snapshot, which is not the same as an empty one.
 * <li>While etcd has no majority and there is no snapshot yet, the reflector reads a
 * single member and reports the result as stale. Such a snapshot only ever replaces an
 * older stale one of the same cluster.
 * <li>A key that did not change is not published as changed.
 * <li>A watch that no longer answers is noticed within two check intervals. A watch that
 * can't be asked is noticed within three after it missed a change, and an event that a
 * watch lost within an audit interval.
 * </ul>
 * The watch begins at the revision of the list, not at the next one: etcd does not answer
 * a watch that waits for a future revision, so while nobody writes to etcd such a watch
 * would look dead. Changes of the list's own revision are known already and dropped.
 * <p>
 * All state is confined to the loop; the methods documented as "from any thread" are the
 * exception. Answers that belong to an earlier {@link Attempt} are dropped.
 */
public final class Reflector implements AutoCloseable {

	private static final Log logger = LogFactory.getLog(Reflector.class);

	/**
	 * etcd answers a watch only when it has caught up, which takes up to 100 ms.
	 */
	private static final Duration FIRST_QUESTION = Duration.ofMillis(500);

	/**
	 * How a list may fail while etcd has no majority: the remaining members may not have
	 * noticed yet, and the others can't be reached.
	 */
	private static final Set<Kind> WITHOUT_MAJORITY = EnumSet.of(Kind.NO_LEADER, Kind.TIMED_OUT, Kind.UNREACHABLE);

	private final KeyRange range;

	private final ListerWatcher source;

	private final EventLoop loop;

	private final RetryDelays delays;

	private final MirrorTiming timing;

	private final SnapshotListener listener;

	private final CompletableFuture<Void> firstSync = new CompletableFuture<>();

	private State state = State.IDLE;

	private @Nullable Future<?> retry;

	private volatile @Nullable Attempt attempt;

	private volatile @Nullable Snapshot snapshot;

	private volatile Sync sync;

	private volatile Counts counts = new Counts(0, 0);

	/**
	 * Whether watches answer when asked for a sign of life: etcd's do, those of its proxy
	 * don't.
	 */
	private boolean answering;

	/**
	 * Whether the snapshot was read from a single member.
	 */
	private boolean stale;

	private boolean readingStale;

	/**
	 * Whether the last watch ended because of a message that is too large to accept.
	 */
	private boolean tooLarge;

	/**
	 * Whether the last audit succeeded.
	 */
	private boolean audited = true;

	/**
	 * The kinds of failure reported to the listener since the mirror was last
	 * synchronised.
	 */
	private final Set<Kind> told = EnumSet.noneOf(Kind.class);

	/**
	 * Create a reflector that does nothing until it is started. Its watch is checked at
	 * the default interval; the mirror is not audited.
	 * @param range the keys to mirror
	 * @param source where they are
	 * @param loop the loop that owns the state; not closed by the reflector
	 * @param delays how long to wait before listing again
	 * @param createTimeout how long etcd may take to set a watch up
	 * @param listener is given the snapshots, on the loop
	 */
	public Reflector(KeyRange range, ListerWatcher source, EventLoop loop, RetryDelays delays, Duration createTimeout,
			SnapshotListener listener) {
		this(range, source, loop, delays, MirrorTiming.of(createTimeout), listener);
	}

	/**
	 * Create a reflector that does nothing until it is started.
	 * @param range the keys to mirror
	 * @param source where they are
	 * @param loop the loop that owns the state; not closed by the reflector
	 * @param delays how long to wait before listing again
	 * @param timing when to ask without having been told of anything
	 * @param listener is given the snapshots, on the loop
	 */
	public Reflector(KeyRange range, ListerWatcher source, EventLoop loop, RetryDelays delays, MirrorTiming timing,
			SnapshotListener listener) {
		this.range = range;
		this.source = source;
		this.loop = loop;
		this.delays = delays;
		this.timing = timing;
		this.listener = listener;
		this.sync = new Sync(false, loop.nanoTime(), null);
	}

	/**
	 * Start mirroring. Has no effect on a mirror that was started already. From any
	 * thread.
	 */
	public void start() {
		this.loop.execute(() -> {
			if (this.state == State.IDLE) {
				list();
			}
		});
	}

	/**
	 * List the keys again now, unless a list is under way. This cuts the back-off short,
	 * and verifies a mirror that is synchronised. The mirror goes on serving the last
	 * snapshot. From any thread.
	 */
	public void relist() {
		this.loop.execute(() -> {
			Attempt attempt = this.attempt;
			if (this.state == State.WATCHING && attempt != null) {
				// Changes that have arrived still count, such as goodbyes
				attempt.drain();
			}
			if (this.state == State.WATCHING || this.state == State.WAITING) {
				list();
			}
		});
	}

	/**
	 * Stop mirroring until {@link #start()} is called again. The last snapshot stays.
	 * From any thread.
	 */
	public void stop() {
		this.loop.execute(() -> {
			if (this.state != State.CLOSED) {
				rest(State.IDLE, null);
			}
		});
	}

	/**
	 * Stop mirroring for good. The last snapshot stays. From any thread.
	 */
	@Override
	public void close() {
		this.loop.execute(() -> rest(State.CLOSED, "closed"));
		this.firstSync.cancel(false);
	}

	private void rest(State next, @Nullable String reason) {
		endListing("the mirror was stopped");
		abandonAttempt();
		transitionTo(next);
		this.sync = new Sync(false, this.loop.nanoTime(), reason);
	}

	/**
	 * A listener that was told of the beginning of a list is told of its end, once.
	 */
	private void endListing(String why) {
		if (this.state == State.LISTING || this.state == State.STARTING) {
			tell(() -> this.listener.failed(new EtcdAccessException(Kind.CANCELLED, why, null)));
		}
	}

	/**
	 * The keys that this reflector mirrors.
	 * @return the range
	 */
	public KeyRange range() {
		return this.range;
	}

	/**
	 * The last snapshot. From any thread.
	 * @return the snapshot, or {@code null} before the first one
	 */
	public @Nullable Snapshot snapshot() {
		return this.snapshot;
	}

	/**
	 * Completes with the first snapshot. It is cancelled when the reflector is closed
	 * before that.
	 * @return the future, which callers must not complete
	 */
	public CompletableFuture<Void> firstSync() {
		return this.firstSync;
	}

	/**
	 * How far the mirror can be trusted. From any thread.
	 * @return the state
	 */
	public MirrorState state() {
		Sync sync = this.sync;
		Snapshot snapshot = this.snapshot;
		Attempt attempt = this.attempt;
		Counts counts = this.counts;
		Duration staleness = sync.synced() ? Duration.ZERO : Duration.ofNanos(this.loop.nanoTime() - sync.since());
		return new MirrorState(sync.synced(), (snapshot != null) ? snapshot.revision() : 0, staleness, sync.reason(),
				(attempt != null) ? attempt.backlog.size() : 0, counts.relists(), counts.repairs());
	}

	private void list() {
		this.loop.assertInLoop();
		endListing("the connection was replaced");
		abandonAttempt();
		transitionTo(State.LISTING);
		tell(this.listener::listing);
		Attempt attempt = new Attempt();
		this.attempt = attempt;
		attempt.list();
	}

	private void publish(Publication publication) {
		this.snapshot = publication.snapshot();
		this.stale = false;
		tell(() -> this.listener.published(publication));
		this.firstSync.complete(null);
	}

	private void readStale() {
		if (this.readingStale || !(this.snapshot == null || this.stale)) {
			return;
		}
		this.readingStale = true;
		this.source.listStale().whenComplete((read, failure) -> this.loop.execute(() -> {
			this.readingStale = false;
			if (failure != null) {
				logger.debug("No member can tell of '%s' either: %s".formatted(this.range,
						EtcdAccessException.of(failure).getMessage()));
			}
			else if (this.state == State.WAITING || this.state == State.LISTING) {
				publishStale(read);
			}
		}));
	}

	/**
	 * An empty answer proves nothing: a member that has just joined knows no keys yet.
	 */
	private void publishStale(Snapshot read) {
		Snapshot last = this.snapshot;
		boolean newer = last == null
				|| (this.stale && read.clusterId() == last.clusterId() && read.revision() > last.revision());
		boolean telling = !read.entries().isEmpty() || (last == null && read.revision() > 1);
		if (newer && telling) {
			this.snapshot = read;
			this.stale = true;
			Set<String> changed = (last != null) ? last.differences(read) : read.entries().keySet();
			tell(() -> this.listener.stale(read, changed));
			this.firstSync.complete(null);
		}
	}

	/**
	 * An exception of a listener does not affect the mirror.
	 */
	private void tell(Runnable call) {
		try {
			call.run();
		}
		catch (RuntimeException | Error ex) {
			logger.error("A listener of the mirror of '%s' failed".formatted(this.range), ex);
		}
	}

	private void synced(Snapshot snapshot) {
		transitionTo(State.WATCHING);
		this.told.clear();
		this.sync = new Sync(true, this.loop.nanoTime(), null);
		tell(() -> this.listener.synced(snapshot));
	}

	private void unsynced(EtcdAccessException failure) {
		Sync last = this.sync;
		this.sync = new Sync(false, last.synced() ? this.loop.nanoTime() : last.since(), failure.getMessage());
		boolean first = this.told.isEmpty();
		if (this.told.add(failure.getKind()) && (first || failure.getKind().isRefusal())) {
			tell(() -> this.listener.lost(failure, this.snapshot));
		}
		else if (logger.isDebugEnabled()) {
			logger.debug("Mirror of '%s' is still not synchronised: %s".formatted(this.range, failure.getMessage()));
		}
	}

	private void abandonAttempt() {
		Attempt attempt = this.attempt;
		this.attempt = null;
		if (attempt != null) {
			attempt.release();
		}
		if (this.retry != null) {
			this.retry.cancel(false);
		}
	}

	private void transitionTo(State next) {
		this.loop.assertInLoop();
		if (this.state != next) {
			logger.trace("Mirror of '%s': %s -> %s".formatted(this.range, this.state, next));
			this.state = next;
		}
	}

	private static EtcdAccessException incoherent(String message, Object... arguments) {
		return new EtcdAccessException(Kind.INCOHERENT, message.formatted(arguments), null);
	}

	private enum State {

		IDLE, LISTING, STARTING, WATCHING, WAITING, CLOSED

	}

	private record Sync(boolean synced, long since, @Nullable String reason) {
	}

	private record Counts(long relists, long repairs) {

		Counts relisted() {
			return new Counts(this.relists + 1, this.repairs);
		}

		Counts repaired() {
			return new Counts(this.relists, this.repairs + 1);
		}

	}

	/**
	 * One list and the watch that follows it. The client library's threads call it; on
	 * them, it only adds to the backlog and wakes the loop.
	 */
	private final class Attempt implements ListerWatcher.Handler {

		private final Backlog backlog = new Backlog();

		private final List<Future<?>> timers = new ArrayList<>();

		private ListerWatcher.@Nullable Watch watch;

		private boolean created;

		private long listedAt;

		/**
		 * Confined to the threads that call the handler, one at a time.
		 */
		private volatile boolean createdBefore;

		/**
		 * Whether the watch gave a sign of life since it was last asked. Set by the
		 * thread on which the sign arrives, so that a busy loop does not mistake its own
		 * slowness for the watch's.
		 */
		private volatile boolean heard;

		private volatile boolean answered;

		/**
		 * Whether the range has changed and the watch has not reported the change yet.
		 */
		private boolean suspected;

		/**
		 * The revision at which the mirror was last compared with etcd.
		 */
		private long comparedAt;

		private @Nullable Audit audit;

		void list() {
			when(Reflector.this.source.list(), this::listed);
		}

		/**
		 * Whether the watch begins after the revision of the list, because a message that
		 * is too large may belong to that revision. Such a watch does not answer until
		 * the next write.
		 */
		private final boolean afterTheList = Reflector.this.tooLarge;

		private void listed(Snapshot listed) {
			Snapshot last = Reflector.this.snapshot;
			publish((last != null) ? Publication.listed(listed, last.differences(listed), Reset.between(last, listed))
					: Publication.listed(listed, listed.entries().keySet(), Reset.NONE));
			transitionTo(State.STARTING);
			later(() -> {
				if (!this.created) {
					endSilent("etcd did not set the watch up in time");
				}
			}, Reflector.this.timing.createTimeout());
			this.listedAt = listed.revision();
			this.watch = Reflector.this.source.watch(listed.revision() + (this.afterTheList ? 1 : 0), this);
		}

		@Override
		public void created(long clusterId, long revision) {
			this.heard = true;
			if (this.createdBefore) {
				// Here and not on the loop, so that no later batch is applied across the
				// gap
				this.backlog.close();
				failed(incoherent("the watch was replaced and may have missed events"));
				return;
			}
			this.createdBefore = true;
			onLoop(() -> {
				this.created = true;
				verify(new Position(clusterId, revision), this::follow);
			});
		}

		/**
		 * A lower revision may only mean that this member lags behind the one that was
		 * listed. The store was wiped or restored only if its current revision is lower
		 * as well.
		 */
		private void verify(Position seen, Runnable next) {
			Snapshot snapshot = Reflector.this.snapshot;
			if (snapshot == null) {
				return;
			}
			boolean known = seen.clusterId() != 0;
			if (known && seen.clusterId() != snapshot.clusterId()) {
				end(incoherent("the watch leads to another cluster"));
			}
			else if (known && seen.revision() >= snapshot.revision()) {
				next.run();
			}
			else {
				when(Reflector.this.source.position(), (now) -> {
					if (now.clusterId() != snapshot.clusterId()) {
						end(incoherent("etcd answers from another cluster"));
					}
					else if (now.revision() < snapshot.revision()) {
						end(incoherent("etcd is at revision %d, before the %d that was seen: it was wiped or restored",
								now.revision(), snapshot.revision()));
					}
					else {
						next.run();
					}
				});
			}
		}

		private void follow() {
			Snapshot snapshot = Reflector.this.snapshot;
			if (snapshot != null) {
				synced(snapshot);
			}
			if (Reflector.this.timing.checkInterval().isZero()) {
				Reflector.this.delays.reset();
			}
			else {
				later(this::askFirst, FIRST_QUESTION);
				scheduleCheck();
			}
			scheduleAudit();
		}

		/**
		 * Ask a new watch for a sign of life, so that the first check knows whether this
		 * watch answers questions.
		 */
		private void askFirst() {
			this.heard = this.heard && Reflector.this.answering;
			ask();
		}

		private void ask() {
			if (this.watch != null) {
				this.watch.requestProgress();
			}
		}

		private void scheduleCheck() {
			later(this::check, Jitter.around(Reflector.this.timing.checkInterval()));
		}

		private void check() {
			if (this.heard) {
				calm();
			}
			else if (Reflector.this.answering && (this.answered || !this.afterTheList)) {
				// The next watch may go through a proxy, which does not answer
				Reflector.this.answering = this.answered;
				endSilent("the watch has fallen silent");
			}
			else if (this.watch != null) {
				Reflector.this.loop.handle(this.watch.ping(), (pong, failure) -> ifCurrent(() -> pinged(failure)));
			}
		}

		/**
		 * Either the watch does not answer questions, or its member is gone.
		 */
		private void pinged(@Nullable EtcdAccessException failure) {
			if (this.heard) {
				calm();
			}
			else if (failure != null) {
				endSilent("the watch has fallen silent");
			}
			else {
				when(Reflector.this.source.position(), (now) -> verify(now, () -> compareUnlessIdle(now)));
			}
		}

		private void calm() {
			// Only now: watches that never live this long must not shorten the back-off
			Reflector.this.delays.reset();
			this.suspected = false;
			this.heard = false;
			ask();
			scheduleCheck();
		}

		/**
		 * The watch does not answer questions, so etcd is asked instead: the watch is
		 * dead only if it does not report a change.
		 */
		private void compareUnlessIdle(Position now) {
			Snapshot snapshot = Reflector.this.snapshot;
			if (snapshot == null || now.revision() == this.comparedAt) {
				calm();
				return;
			}
			when(Reflector.this.source.differs(snapshot), (differs) -> {
				if (this.heard) {
					calm();
				}
				else if (!differs) {
					this.comparedAt = now.revision();
					calm();
				}
				else if (this.suspected) {
					endSilent("the watch does not tell of a change");
				}
				else {
					// The event may be under way
					this.suspected = true;
					scheduleCheck();
				}
			});
		}

		@Override
		public void alive(long clusterId, long revision) {
			this.heard = true;
			this.answered = true;
			onLoop(() -> {
				Reflector.this.answering = true;
				verify(new Position(clusterId, revision), () -> {
				});
			});
		}

		private void scheduleAudit() {
			Duration interval = Reflector.this.timing.auditInterval();
			if (!interval.isZero()) {
				later(this::audit, Jitter.around(interval));
			}
		}

		private void audit() {
			Snapshot start = Reflector.this.snapshot;
			if (start == null) {
				return;
			}
			Audit audit = new Audit(start);
			this.audit = audit;
			Reflector.this.source.list().whenComplete((listed, failure) -> onLoop(() -> {
				if (failure != null) {
					this.audit = null;
					auditFailed(EtcdAccessException.of(failure));
					scheduleAudit();
				}
				else if (audit.isReset(listed)) {
					end(incoherent("etcd is at revision %d, before the %d that was seen: it was wiped or restored",
							listed.revision(), start.revision()));
				}
				else {
					Reflector.this.audited = true;
					later(() -> compare(audit, listed), Reflector.this.timing.createTimeout());
				}
			}));
		}

		private void auditFailed(EtcdAccessException failure) {
			if (Reflector.this.audited) {
				Reflector.this.audited = false;
				tell(() -> Reflector.this.listener.auditFailed(failure));
			}
		}

		private void compare(Audit audit, Snapshot listed) {
			drain();
			Snapshot mirror = Reflector.this.snapshot;
			if (mirror == null || Reflector.this.attempt != this) {
				return;
			}
			this.audit = null;
			Set<String> differences = audit.differences(listed, mirror);
			if (differences.isEmpty()) {
				scheduleAudit();
				return;
			}
			Reflector.this.counts = Reflector.this.counts.repaired();
			end(incoherent("the watch lost events: the mirror differs from etcd at revision %d in %d keys",
					listed.revision(), differences.size()));
		}

		@Override
		public void changed(Batch batch) {
			this.heard = true;
			if (this.backlog.add(batch.without(this.listedAt))) {
				onLoop(this::drain);
			}
		}

		private void drain() {
			if (this.backlog.isOverflown()) {
				end(incoherent("more than %d changes wait to be applied", Backlog.MAX_CHANGES));
				return;
			}
			List<Batch> batches = this.backlog.drain();
			Snapshot snapshot = Reflector.this.snapshot;
			// An overflow in the meantime dropped some of the batches
			if (snapshot == null || batches.isEmpty() || this.backlog.isOverflown()) {
				return;
			}
			try {
				applied(snapshot, snapshot.apply(batches), batches);
			}
			catch (EtcdAccessException ex) {
				end(ex);
			}
		}

		private void applied(Snapshot last, Snapshot next, List<Batch> batches) {
			Set<String> keys = new HashSet<>();
			Map<String, Entry> passed = new HashMap<>();
			List<Change> changes = new ArrayList<>();
			for (Batch batch : batches) {
				for (Change change : batch.changes()) {
					changes.add(change);
					keys.add(change.key());
					if (change.entry() != null) {
						passed.put(change.key(), change.entry());
					}
				}
			}
			if (this.audit != null) {
				this.audit.touched(keys);
			}
			passed.keySet().removeIf(next.entries()::containsKey);
			// A key that was put and deleted in the same batches did not change
			keys.removeIf((key) -> Objects.equals(last.entries().get(key), next.entries().get(key)));
			publish(new Publication(next, keys, passed.values(), changes, Reset.NONE));
		}

		@Override
		public void failed(EtcdAccessException failure) {
			onLoop(() -> end(failure));
		}

		/**
		 * Nothing has failed, so the mirror still counts as synchronised.
		 */
		@Override
		public void connectionReplaced() {
			onLoop(Reflector.this::list);
		}

		private void end(EtcdAccessException failure) {
			abandonAttempt();
			Reflector.this.tooLarge = failure.getKind() == Kind.TOO_LARGE;
			Reflector.this.counts = Reflector.this.counts.relisted();
			tell(() -> Reflector.this.listener.failed(failure));
			unsynced(failure);
			transitionTo(State.WAITING);
			if (WITHOUT_MAJORITY.contains(failure.getKind())) {
				readStale();
			}
			Reflector.this.retry = Reflector.this.loop.schedule(Reflector.this::list,
					Reflector.this.delays.after(failure.getKind()));
		}

		private void endSilent(String message) {
			if (this.watch != null) {
				tell(this.watch::shun);
			}
			end(new EtcdAccessException(Kind.TIMED_OUT, message, null));
		}

		private void release() {
			this.timers.forEach((timer) -> timer.cancel(false));
			if (this.watch != null) {
				tell(this.watch::close);
			}
			this.backlog.clear();
		}

		private void later(Runnable task, Duration delay) {
			this.timers.removeIf(Future::isDone);
			this.timers.add(Reflector.this.loop.schedule(() -> ifCurrent(task), delay));
		}

		private <T> void when(CompletableFuture<T> answer, Consumer<T> then) {
			answer.whenComplete((result, failure) -> onLoop(() -> {
				if (failure != null) {
					end(EtcdAccessException.of(failure));
				}
				else {
					then.accept(result);
				}
			}));
		}

		private void onLoop(Runnable task) {
			Reflector.this.loop.execute(() -> ifCurrent(task));
		}

		private void ifCurrent(Runnable task) {
			if (Reflector.this.attempt == this) {
				task.run();
			}
		}

	}

}
