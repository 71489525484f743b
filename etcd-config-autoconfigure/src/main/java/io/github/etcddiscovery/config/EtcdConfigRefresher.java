package io.github.etcddiscovery.config;

import java.time.Duration;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.Future;
import java.util.concurrent.ThreadLocalRandom;
import java.util.function.Supplier;

import io.github.etcddiscovery.config.EtcdConfigProperties.RefreshProperties;
import io.github.etcddiscovery.config.Revision.Result;
import io.github.etcddiscovery.core.EtcdAccessException;
import io.github.etcddiscovery.core.EventLoop;
import io.github.etcddiscovery.core.RetryDelays;
import io.github.etcddiscovery.core.ThreadEventLoop;
import org.apache.commons.logging.Log;
import org.apache.commons.logging.LogFactory;
import org.jspecify.annotations.Nullable;

import org.springframework.context.ConfigurableApplicationContext;
import org.springframework.context.SmartLifecycle;

/**
 * Follows the configuration while the application runs. A watch only tells that keys were
 * written. All sources are then read again at one revision, compared with the revision in
 * use, bound and validated. If all of that succeeds, one write switches the application
 * over; otherwise the application stays as it is. One thread does all of it, one revision
 * at a time. Safe for use by any thread.
 */
public final class EtcdConfigRefresher implements SmartLifecycle, AutoCloseable {

	static final Duration LONGEST_DELAY = Duration.ofSeconds(10);

	private static final Log logger = LogFactory.getLog(EtcdConfigRefresher.class);

	private final EtcdConfig config;

	private final RevisionApplier applier;

	private final EventLoop loop = new ThreadEventLoop("etcd-config");

	private final RevisionHistory history = new RevisionHistory();

	private final List<RefreshListener> listeners = new CopyOnWriteArrayList<>();

	private final ConfigWatch watch;

	// Of the loop

	private final RetryDelays delays = new RetryDelays(LONGEST_DELAY);

	private @Nullable Future<?> scheduled;

	private long due;

	// Written by the loop, read by anyone

	private volatile boolean running;

	private volatile long pinned;

	private volatile long readRevision;

	private volatile @Nullable String lastError;

	private volatile @Nullable Revision refused;

	/**
	 * Create a refresher, which follows nothing until it is started.
	 * @param context the context whose beans change
	 * @param config the configuration
	 * @param live the properties that are injected as {@link Live}
	 */
	public EtcdConfigRefresher(ConfigurableApplicationContext context, EtcdConfig config, LiveValues live) {
		this.config = config;
		this.applier = new RevisionApplier(context, config, live);
		this.watch = new ConfigWatch(config.store(), new Trigger());
		this.pinned = config.properties().pinRevision();
		this.readRevision = config.getRevision();
		EtcdAccessException failure = config.failure();
		this.lastError = (failure != null) ? failure.getMessage() : null;
		config.onImport(() -> this.loop.execute(this::watch));
	}

	/**
	 * Add a listener that is called with the result of each revision, on the thread that
	 * applies revisions.
	 * @param listener the listener
	 */
	public void add(RefreshListener listener) {
		this.listeners.add(listener);
	}

	@Override
	public synchronized void start() {
		if (!this.running) {
			this.running = true;
			this.config.save();
			watch();
		}
	}

	/**
	 * Includes later imports, for example of a profile that has become active.
	 */
	private synchronized void watch() {
		if (this.running && this.config.properties().refresh().enabled()) {
			this.watch.start(this.config.watched());
		}
	}

	@Override
	public synchronized void stop() {
		this.running = false;
		this.watch.stop();
	}

	@Override
	public boolean isRunning() {
		return this.running;
	}

	/**
	 * Continues while a cached context of a test is paused.
	 */
	@Override
	public boolean isPauseable() {
		return false;
	}

	@Override
	public synchronized void close() {
		this.running = false;
		this.watch.close();
		this.loop.close();
	}

	/**
	 * Read the configuration again and apply it, as after a change.
	 * @return the result; completes within the deadlines of requests to etcd
	 */
	public CompletableFuture<Revision> refresh() {
		return inLoop(() -> follow(false));
	}

	/**
	 * Accept the revision that is held because it may be a mistake: read the
	 * configuration again and apply it.
	 * @return the result
	 */
	public CompletableFuture<Revision> accept() {
		return inLoop(() -> follow(true));
	}

	/**
	 * Pin the configuration to a revision, usually an earlier one: later writes are
	 * ignored until {@link #unpin()}. If the revision can't be read or applied, the
	 * configuration stays as it is.
	 * @param revision the revision of etcd, which must not be compacted
	 * @return the result
	 */
	public CompletableFuture<Revision> pin(long revision) {
		return inLoop(() -> {
			Revision result = attempt(revision, true);
			if (result.result() == Result.APPLIED || result.result() == Result.UNCHANGED) {
				this.pinned = revision;
				counts(result);
				logger.info("The configuration is pinned to revision %d".formatted(revision));
			}
			return result;
		});
	}

	/**
	 * Remove the pin, and follow the configuration again.
	 * @return the result of the present revision
	 */
	public CompletableFuture<Revision> unpin() {
		return inLoop(() -> {
			this.pinned = 0;
			return follow(false);
		});
	}

	private CompletableFuture<Revision> inLoop(Supplier<Revision> action) {
		CompletableFuture<Revision> result = new CompletableFuture<>();
		this.loop.execute(() -> {
			try {
				result.complete(action.get());
			}
			catch (RuntimeException | Error ex) {
				result.completeExceptionally(ex);
			}
		});
		return result;
	}

	/**
	 * The revision that the configuration is pinned to, or 0.
	 * @return the revision
	 */
	public long getPinned() {
		return this.pinned;
	}

	/**
	 * The revision that was read last, whether or not it was applied.
	 * @return the revision, or 0
	 */
	public long getReadRevision() {
		return this.readRevision;
	}

	/**
	 * The reason why changes are not followed.
	 * @return a sentence, or {@code null} while they are
	 */
	public @Nullable String getLastError() {
		return this.lastError;
	}

	/**
	 * The last revision, if it was rejected or is held.
	 * @return the revision with the reason, or {@code null}
	 */
	public @Nullable Revision getRefused() {
		return this.refused;
	}

	/**
	 * The number of rejected revisions.
	 * @return the number
	 */
	public long getRejections() {
		return this.applier.rejections();
	}

	/**
	 * The results of the last revisions that would have changed a property.
	 * @return the latest first
	 */
	public List<Revision> getHistory() {
		return this.history.latestFirst();
	}

	/**
	 * Replaces what is scheduled for a later time, such as a retry.
	 */
	private void schedule(Duration delay) {
		this.loop.assertInLoop();
		long due = this.loop.nanoTime() + delay.toNanos();
		Future<?> scheduled = this.scheduled;
		if (scheduled != null && !scheduled.isDone()) {
			if (this.due - due <= 0) {
				return;
			}
			scheduled.cancel(false);
		}
		this.due = due;
		this.scheduled = this.loop.schedule(() -> {
			this.scheduled = null;
			boolean pinned = this.pinned != 0 && this.pinned == this.config.getRevision();
			if (this.running && !pinned) {
				follow(false);
			}
		}, delay);
	}

	private Revision follow(boolean accepted) {
		Revision result = attempt(this.pinned, accepted);
		switch (result.result()) {
			case FAILED -> {
				this.lastError = result.reason();
				schedule(this.delays.after(this.applier.failedWith()));
			}
			case UNCHANGED, APPLIED -> counts(result);
			case REJECTED, HELD -> {
				wasRead(result);
				this.refused = result;
			}
			default -> throw new IllegalStateException();
		}
		return result;
	}

	private void counts(Revision result) {
		wasRead(result);
		this.refused = null;
		this.applier.recovered();
	}

	private void wasRead(Revision result) {
		this.applier.answered();
		this.lastError = null;
		this.delays.reset();
		this.readRevision = result.revision();
	}

	private Revision attempt(long revision, boolean accepted) {
		this.loop.assertInLoop();
		long begin = this.loop.nanoTime();
		Revision result = this.applier.apply(revision, accepted);
		this.history.add(result);
		Duration duration = Duration.ofNanos(this.loop.nanoTime() - begin);
		this.listeners.forEach((listener) -> listener.refreshed(result, duration));
		return result;
	}

	/**
	 * Reacts to the watch.
	 */
	private final class Trigger implements ConfigWatch.Listener {

		/**
		 * Successive writes are read together.
		 */
		@Override
		public void written() {
			RefreshProperties refresh = EtcdConfigRefresher.this.config.properties().refresh();
			Duration spread = refresh.spread().isZero() ? Duration.ZERO
					: Duration.ofNanos(ThreadLocalRandom.current().nextLong(refresh.spread().toNanos()));
			EtcdConfigRefresher.this.loop.execute(() -> schedule(refresh.quietPeriod().plus(spread)));
		}

		@Override
		public void lost(EtcdAccessException failure) {
			EtcdConfigRefresher.this.loop.execute(() -> {
				EtcdConfigRefresher.this.lastError = failure.getMessage();
				EtcdConfigRefresher.this.applier.warnOnce(failure.getKind(),
						"%s. The configuration stays as it is at revision %d and is followed again as soon as possible. %s"
							.formatted(failure.getMessage(), EtcdConfigRefresher.this.config.getRevision(),
									failure.getAdvice()));
			});
		}

	}

	/**
	 * Is called with the result of a revision.
	 */
	@FunctionalInterface
	public interface RefreshListener {

		/**
		 * The configuration was read again.
		 * @param revision the result
		 * @param duration how long reading and applying took
		 */
		void refreshed(Revision revision, Duration duration);

	}

}
