package io.github.etcddiscovery.watch;

import java.time.Duration;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.Future;
import java.util.concurrent.atomic.AtomicInteger;

import io.github.etcddiscovery.core.EtcdAccessException;
import io.github.etcddiscovery.core.EtcdAccessException.Kind;
import io.github.etcddiscovery.core.EventLoop;
import io.github.etcddiscovery.core.RetryDelays;
import org.apache.commons.logging.Log;
import org.apache.commons.logging.LogFactory;
import org.jspecify.annotations.Nullable;

/**
 * Keeps a mirror of one range of keys: lists it at one revision, watches it from the next
 * one, applies what it sees and publishes a snapshot for it. What it guarantees:
 * <ul>
 * <li>Every published snapshot is what the range held at its revision: a list is one
 * revision, and a batch is applied whole or not at all.
 * <li>Revisions only grow, except after the store was wiped, restored or replaced.
 * <li>Whatever goes wrong (no connection, compaction, a watch that ends, is replaced or
 * does not fit, a backlog that is too long) leads to one thing: not synced, wait, list
 * again. There is no limit to how often.
 * <li>Meanwhile the last snapshot keeps being served; before the first one there is none,
 * which is not the same as an empty one.
 * <li>What did not change is not published as changed.
 * </ul>
 * All state is confined to the loop; the methods that are documented so can be called
 * from any thread. Answers that belong to an earlier attempt are recognised by their
 * {@link Attempt} and dropped.
 */
public final class Reflector implements AutoCloseable {

	private static final Log logger = LogFactory.getLog(Reflector.class);

	/**
	 * A longer backlog costs more than a new list.
	 */
	static final int MAX_BACKLOG = 50_000;

	private final KeyRange range;

	private final ListerWatcher source;

	private final EventLoop loop;

	private final RetryDelays delays;

	private final Duration createTimeout;

	private final SnapshotListener listener;

	private final CompletableFuture<Void> firstSync = new CompletableFuture<>();

	private State state = State.IDLE;

	private @Nullable Attempt attempt;

	private @Nullable Future<?> retry;

	private volatile @Nullable Snapshot snapshot;

	private volatile Sync sync;

	/**
	 * Create a reflector that does nothing until it is started.
	 * @param range the keys to mirror
	 * @param source where they are
	 * @param loop the loop that owns the state; not closed by the reflector
	 * @param delays how long to wait before listing again
	 * @param createTimeout how long etcd may take to set a watch up
	 * @param listener is given the snapshots, on the loop
	 */
	public Reflector(KeyRange range, ListerWatcher source, EventLoop loop, RetryDelays delays, Duration createTimeout,
			SnapshotListener listener) {
		this.range = range;
		this.source = source;
		this.loop = loop;
		this.delays = delays;
		this.createTimeout = createTimeout;
		this.listener = listener;
		this.sync = new Sync(false, loop.nanoTime(), null);
	}

	/**
	 * Start mirroring. A second call does nothing. From any thread.
	 */
	public void start() {
		this.loop.execute(() -> {
			if (this.state == State.IDLE) {
				list();
			}
		});
	}

	/**
	 * List again now, if the mirror is waiting to. From any thread.
	 */
	public void retryNow() {
		this.loop.execute(() -> {
			if (this.state == State.WAITING) {
				list();
			}
		});
	}

	/**
	 * Stop mirroring; the last snapshot stays. From any thread.
	 */
	@Override
	public void close() {
		this.loop.execute(() -> {
			abandonAttempt();
			transitionTo(State.CLOSED);
		});
		this.firstSync.cancel(false);
	}

	/**
	 * The last snapshot. From any thread.
	 * @return the snapshot, or {@code null} before the first one
	 */
	public @Nullable Snapshot snapshot() {
		return this.snapshot;
	}

	/**
	 * Completes with the first snapshot; cancelled when the reflector is closed before.
	 * @return the future, not to be completed by callers
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
		Duration staleness = sync.synced() ? Duration.ZERO : Duration.ofNanos(this.loop.nanoTime() - sync.since());
		return new MirrorState(sync.synced(), (snapshot != null) ? snapshot.revision() : 0, staleness, sync.reason());
	}

	private void list() {
		this.loop.assertInLoop();
		abandonAttempt();
		transitionTo(State.LISTING);
		Attempt attempt = new Attempt();
		this.attempt = attempt;
		this.source.list().whenComplete((listed, failure) -> this.loop.execute(() -> {
			if (this.attempt != attempt) {
				return;
			}
			if (failure != null) {
				attempt.end(asFailure(failure));
				return;
			}
			publish(listed, changedKeys(this.snapshot, listed));
			attempt.watch(listed.revision() + 1);
		}));
	}

	private void publish(Snapshot next, Set<String> changedKeys) {
		this.snapshot = next;
		try {
			this.listener.published(next, changedKeys);
		}
		catch (RuntimeException ex) {
			logger.error("A listener of the mirror of '%s' failed".formatted(this.range), ex);
		}
		this.firstSync.complete(null);
	}

	private static Set<String> changedKeys(@Nullable Snapshot last, Snapshot listed) {
		return (last != null) ? last.differences(listed) : listed.entries().keySet();
	}

	private void synced(Snapshot snapshot) {
		transitionTo(State.WATCHING);
		this.sync = new Sync(true, this.loop.nanoTime(), null);
		this.delays.reset();
		this.listener.synced(snapshot);
	}

	private void unsynced(EtcdAccessException failure) {
		Sync last = this.sync;
		this.sync = new Sync(false, last.synced() ? this.loop.nanoTime() : last.since(), failure.getMessage());
		if (last.reason() == null) {
			this.listener.lost(failure, this.snapshot);
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

	private static EtcdAccessException asFailure(Throwable failure) {
		Throwable cause = (failure instanceof CompletionException && failure.getCause() != null) ? failure.getCause()
				: failure;
		return (cause instanceof EtcdAccessException known) ? known
				: new EtcdAccessException(Kind.OTHER, String.valueOf(cause), cause);
	}

	private enum State {

		IDLE, LISTING, STARTING, WATCHING, WAITING, CLOSED

	}

	private record Sync(boolean synced, long since, @Nullable String reason) {
	}

	/**
	 * One list and the watch that follows it. Called by the client library's threads, it
	 * only puts things into its queue and wakes the loop.
	 */
	private final class Attempt implements ListerWatcher.Handler {

		private final ConcurrentLinkedQueue<Batch> backlog = new ConcurrentLinkedQueue<>();

		private final AtomicInteger backlogSize = new AtomicInteger();

		private ListerWatcher.@Nullable Watch watch;

		private @Nullable Future<?> timer;

		private boolean created;

		void watch(long fromRevision) {
			transitionTo(State.STARTING);
			this.timer = Reflector.this.loop.schedule(() -> ifCurrent(() -> {
				if (!this.created) {
					end(new EtcdAccessException(Kind.TIMED_OUT, "etcd did not set the watch up in time", null));
				}
			}), Reflector.this.createTimeout);
			this.watch = Reflector.this.source.watch(fromRevision, this);
		}

		@Override
		public void created(long clusterId, long revision) {
			Reflector.this.loop.execute(() -> ifCurrent(() -> {
				Snapshot snapshot = Reflector.this.snapshot;
				if (snapshot == null || this.created) {
					end(new EtcdAccessException(Kind.INCOHERENT, "the watch was replaced and may have missed events",
							null));
				}
				else if (snapshot.clusterId() != clusterId) {
					end(new EtcdAccessException(Kind.INCOHERENT, "the watch leads to another cluster", null));
				}
				else if (revision < snapshot.revision()) {
					end(new EtcdAccessException(Kind.INCOHERENT,
							"etcd is at revision %d, before the one listed".formatted(revision), null));
				}
				else {
					this.created = true;
					synced(snapshot);
				}
			}));
		}

		@Override
		public void changed(Batch batch) {
			this.backlog.add(batch);
			int before = this.backlogSize.getAndAdd(Math.max(1, batch.changes().size()));
			if (before > MAX_BACKLOG) {
				failed(new EtcdAccessException(Kind.INCOHERENT,
						"more than %d changes wait to be applied".formatted(MAX_BACKLOG), null));
				return;
			}
			if (before == 0) {
				Reflector.this.loop.execute(() -> ifCurrent(this::drain));
			}
		}

		@Override
		public void failed(EtcdAccessException failure) {
			Reflector.this.loop.execute(() -> ifCurrent(() -> end(failure)));
		}

		private void drain() {
			List<Batch> batches = new ArrayList<>();
			Set<String> keys = new HashSet<>();
			this.backlogSize.set(0);
			for (Batch batch = this.backlog.poll(); batch != null; batch = this.backlog.poll()) {
				batches.add(batch);
				batch.changes().forEach((change) -> keys.add(change.key()));
			}
			Snapshot snapshot = Reflector.this.snapshot;
			if (snapshot == null || batches.isEmpty()) {
				return;
			}
			try {
				publish(snapshot.apply(batches), keys);
			}
			catch (EtcdAccessException ex) {
				end(ex);
			}
		}

		private void end(EtcdAccessException failure) {
			abandonAttempt();
			unsynced(failure);
			transitionTo(State.WAITING);
			Reflector.this.retry = Reflector.this.loop.schedule(Reflector.this::list,
					Reflector.this.delays.after(failure.getKind()));
		}

		private void release() {
			if (this.timer != null) {
				this.timer.cancel(false);
			}
			if (this.watch != null) {
				this.watch.close();
			}
			this.backlog.clear();
		}

		private void ifCurrent(Runnable task) {
			if (Reflector.this.attempt == this) {
				task.run();
			}
		}

	}

}
