package io.github.etcddiscovery.config;

import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.Objects;
import java.util.Set;
import java.util.TreeSet;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.Future;
import java.util.concurrent.ThreadLocalRandom;
import java.util.concurrent.atomic.AtomicLong;
import java.util.function.Supplier;
import java.util.stream.Collectors;

import io.github.etcddiscovery.config.EtcdConfigChangedEvent.Change;
import io.github.etcddiscovery.config.EtcdConfigProperties.RefreshProperties;
import io.github.etcddiscovery.config.EtcdConfigProperties.RefreshedBeans;
import io.github.etcddiscovery.config.Revision.Result;
import io.github.etcddiscovery.core.EtcdAccessException;
import io.github.etcddiscovery.core.EtcdAccessException.Kind;
import io.github.etcddiscovery.core.EventLoop;
import io.github.etcddiscovery.core.RetryDelays;
import io.github.etcddiscovery.core.ThreadEventLoop;
import org.apache.commons.logging.Log;
import org.apache.commons.logging.LogFactory;
import org.jspecify.annotations.Nullable;

import org.springframework.boot.context.properties.source.ConfigurationPropertyName;
import org.springframework.cloud.context.environment.EnvironmentChangeEvent;
import org.springframework.context.ConfigurableApplicationContext;
import org.springframework.context.SmartLifecycle;

/**
 * Follows the configuration while the application runs. A watch only says that something
 * was written; then everything is read again at one revision, compared with what counts,
 * bound and validated. Only what passes all of that is switched over to, by one write;
 * whatever does not leaves the application as it is. One thread does all of it, one
 * revision at a time. Safe for use by any thread.
 */
public final class EtcdConfigRefresher implements SmartLifecycle, AutoCloseable {

	static final Duration LONGEST_DELAY = Duration.ofSeconds(10);

	private static final Log logger = LogFactory.getLog(EtcdConfigRefresher.class);

	private final ConfigurableApplicationContext context;

	private final EtcdConfig config;

	private final LiveValues live;

	private final BoundBeans beans;

	private final RefreshScopedBeans scoped;

	private final EventLoop loop = new ThreadEventLoop("etcd-config");

	private final RevisionHistory history = new RevisionHistory();

	private final List<RefreshListener> listeners = new CopyOnWriteArrayList<>();

	private final AtomicLong rejections = new AtomicLong();

	private final ConfigWatch watch;

	// Of the loop

	private final RetryDelays delays = new RetryDelays(LONGEST_DELAY);

	private Kind failedWith = Kind.OTHER;

	private @Nullable Future<?> scheduled;

	private long due;

	private @Nullable String lastProblem;

	// Written by the loop, read by anyone

	private volatile boolean running;

	private volatile long pinned;

	private volatile long readRevision;

	private volatile @Nullable String lastError;

	private volatile @Nullable Revision refused;

	/**
	 * Create a refresher; it follows nothing until it is started.
	 * @param context the context whose beans change
	 * @param config the configuration
	 * @param live the properties that are injected as {@link Live}
	 */
	public EtcdConfigRefresher(ConfigurableApplicationContext context, EtcdConfig config, LiveValues live) {
		this.context = context;
		this.config = config;
		this.live = live;
		this.beans = new BoundBeans(context);
		this.scoped = new RefreshScopedBeans(context);
		this.watch = new ConfigWatch(config.store(), new Trigger());
		this.pinned = config.properties().pinRevision();
		this.readRevision = config.getRevision();
		EtcdAccessException failure = config.failure();
		this.lastError = (failure != null) ? failure.getMessage() : null;
		config.onImport(() -> this.loop.execute(this::watch));
	}

	/**
	 * Tell someone what becomes of revisions, on the thread that applies them.
	 * @param listener is told
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
	 * Also what is imported later, say for a profile that is active only now.
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
	 * Also while a cached context of a test is paused.
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
	 * Read the configuration again and let it count, as after a change.
	 * @return what became of it; within the deadlines of etcd
	 */
	public CompletableFuture<Revision> refresh() {
		return inLoop(() -> follow(false));
	}

	/**
	 * Let what stands in etcd count although it may be a mistake.
	 * @return what became of it
	 */
	public CompletableFuture<Revision> accept() {
		return inLoop(() -> follow(true));
	}

	/**
	 * Go back to a revision, for as long as it is not taken back: what is written
	 * meanwhile does not count. If it can't be gone back to, all stays as it is.
	 * @param revision the revision of etcd, which must not be compacted
	 * @return what became of it
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
	 * Follow the configuration again.
	 * @return what became of what is true now
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
	 * The revision that the properties are kept at, or 0.
	 * @return the revision
	 */
	public long getPinned() {
		return this.pinned;
	}

	/**
	 * The revision that was read last, whether or not it counts.
	 * @return the revision, or 0
	 */
	public long getReadRevision() {
		return this.readRevision;
	}

	/**
	 * Why the configuration is not followed.
	 * @return a sentence, or {@code null} while it is
	 */
	public @Nullable String getLastError() {
		return this.lastError;
	}

	/**
	 * The revision that does not count, if the last one does not.
	 * @return the revision with the reason, or {@code null}
	 */
	public @Nullable Revision getRefused() {
		return this.refused;
	}

	/**
	 * How many revisions were rejected.
	 * @return the number
	 */
	public long getRejections() {
		return this.rejections.get();
	}

	/**
	 * What became of the last revisions that would have changed something.
	 * @return the latest first
	 */
	public List<Revision> getHistory() {
		return this.history.latestFirst();
	}

	/**
	 * Whatever is scheduled for later, such as another try, gives way.
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
				schedule(this.delays.after(this.failedWith));
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
		this.lastProblem = null;
	}

	private void wasRead(Revision result) {
		this.lastError = null;
		this.delays.reset();
		this.readRevision = result.revision();
	}

	private Revision attempt(long revision, boolean accepted) {
		this.loop.assertInLoop();
		long begin = this.loop.nanoTime();
		Revision result = readAndApply(revision, accepted);
		this.history.add(result);
		Duration duration = Duration.ofNanos(this.loop.nanoTime() - begin);
		this.listeners.forEach((listener) -> listener.refreshed(result, duration));
		return result;
	}

	private Revision readAndApply(long revision, boolean accepted) {
		while (true) {
			ConfigState last = this.config.state();
			Reading reading;
			try {
				reading = this.config.read(revision);
			}
			catch (EtcdAccessException ex) {
				this.failedWith = ex.getKind();
				warnOnce("%s. The configuration stays as it is at revision %d%s".formatted(ex.getMessage(),
						last.revision(), (ex.getKind() == Kind.COMPACTED) ? "" : ". " + ex.getAdvice()));
				return result(revision, Result.FAILED, List.of(), List.of(), ex.getMessage());
			}
			if (reading == null) {
				return result(last.revision(), Result.UNCHANGED, List.of(), List.of(), null);
			}
			ConfigState next;
			try {
				next = this.config.parse(last, reading);
			}
			catch (InvalidConfigException ex) {
				return rejected(reading.revision(), last, List.of(), List.of(), String.valueOf(ex.getMessage()));
			}
			Revision result = apply(last, next, accepted ? null : PossibleMistake.of(last, reading));
			if (result != null) {
				return result;
			}
		}
	}

	/**
	 * Let a state count if it can.
	 * @return what became of it, or {@code null} if another state came in between
	 */
	private @Nullable Revision apply(ConfigState last, ConfigState next, @Nullable String mistake) {
		PendingChange pending = new PendingChange(this.context, last, next);
		List<String> keys = pending.changes().stream().map(Change::key).toList();
		if (keys.isEmpty()) {
			if (!this.config.switchTo(last, next)) {
				return null;
			}
			if (last.revision() != next.revision()) {
				this.config.save();
			}
			return result(next.revision(), Result.UNCHANGED, keys, List.of(), null);
		}
		if (mistake != null) {
			warnOnce(("Revision %d of the configuration may be a mistake: %s. Revision %d stays in use. "
					+ "If it is right, say so with POST /actuator/etcdconfig/accept, or start the application again")
				.formatted(next.revision(), mistake, last.revision()));
			return result(next.revision(), Result.HELD, keys, List.of(), mistake);
		}
		RefreshedBeans scope = this.config.properties().refresh().scope();
		List<BoundBean> affected = this.beans.affected(pending.names());
		List<String> beanNames = affected.stream().map(BoundBean::name).toList();
		int rebound;
		try {
			rebound = pending.apply(this.config, this.live, this.beans, affected, scope != RefreshedBeans.NONE);
		}
		catch (RejectedException ex) {
			return rejected(next.revision(), last, keys, beanNames, Objects.requireNonNull(ex.getMessage()));
		}
		if (rebound < 0) {
			return null;
		}
		int scoped = (scope != RefreshedBeans.NONE) ? refreshScoped(pending.names(), scope) : 0;
		publish(next, pending.changes());
		this.config.save();
		logger.info("Configuration at revision %d (was %d): %s changed (%s); %s rebound%s".formatted(next.revision(),
				last.revision(), count(keys.size(), "property", "properties"), shown(keys),
				count(rebound, "bean", "beans"),
				(scoped > 0) ? ", %s in refresh scope made anew".formatted(count(scoped, "bean", "beans")) : ""));
		return result(next.revision(), Result.APPLIED, keys, beanNames, null);
	}

	private int refreshScoped(Set<ConfigurationPropertyName> names, RefreshedBeans scope) {
		try {
			return this.scoped.refresh(names, scope == RefreshedBeans.ALL);
		}
		catch (RuntimeException ex) {
			logger.warn("A bean in refresh scope failed to be destroyed", ex);
			return 0;
		}
	}

	/**
	 * The source of Spring Cloud's event is neither the context nor the keys: then its
	 * rebinder does not bind all beans again.
	 */
	private void publish(ConfigState next, List<Change> changes) {
		Set<String> keys = changes.stream().map(Change::key).collect(Collectors.toCollection(TreeSet::new));
		for (Object event : List.of(new EnvironmentChangeEvent(this, keys),
				new EtcdConfigChangedEvent(this, next.revision(), changes))) {
			try {
				this.context.publishEvent(event);
			}
			catch (RuntimeException ex) {
				logger.warn("A listener of the changed configuration failed", ex);
			}
		}
	}

	private Revision rejected(long revision, ConfigState last, List<String> keys, List<String> beans, String reason) {
		if (warnOnce("Revision %d of the configuration is rejected, revision %d stays in use: %s".formatted(revision,
				last.revision(), reason))) {
			this.rejections.incrementAndGet();
		}
		return result(revision, Result.REJECTED, keys, beans, reason);
	}

	private boolean warnOnce(String problem) {
		if (problem.equals(this.lastProblem)) {
			return false;
		}
		this.lastProblem = problem;
		logger.warn(problem);
		return true;
	}

	private static Revision result(long revision, Result result, List<String> keys, List<String> beans,
			@Nullable String reason) {
		return new Revision(revision, Instant.now(), result, keys, beans, reason);
	}

	private static String count(int number, String one, String several) {
		return number + " " + ((number == 1) ? one : several);
	}

	private static String shown(List<String> keys) {
		return (keys.size() <= 10) ? String.join(", ", keys)
				: String.join(", ", keys.subList(0, 10)) + " and %d more".formatted(keys.size() - 10);
	}

	/**
	 * What the watch leads to.
	 */
	private final class Trigger implements ConfigWatch.Listener {

		/**
		 * What comes one after the other is read together.
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
				warnOnce(
						"%s. The configuration stays as it is at revision %d and is followed again as soon as possible. %s"
							.formatted(failure.getMessage(), EtcdConfigRefresher.this.config.getRevision(),
									failure.getAdvice()));
			});
		}

	}

	/**
	 * Is told what became of a revision.
	 */
	@FunctionalInterface
	public interface RefreshListener {

		/**
		 * The configuration was read again.
		 * @param revision what became of it
		 * @param duration how long that took
		 */
		void refreshed(Revision revision, Duration duration);

	}

}
