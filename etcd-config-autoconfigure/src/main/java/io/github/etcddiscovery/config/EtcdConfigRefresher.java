package io.github.etcddiscovery.config;

import java.time.Duration;
import java.time.Instant;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Set;
import java.util.TreeSet;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.Future;
import java.util.concurrent.ThreadLocalRandom;
import java.util.concurrent.atomic.AtomicLong;
import java.util.function.Supplier;
import java.util.stream.Collectors;

import io.github.etcddiscovery.config.ConfigState.Freshness;
import io.github.etcddiscovery.config.EtcdConfig.Reading;
import io.github.etcddiscovery.config.EtcdConfigChangedEvent.Change;
import io.github.etcddiscovery.config.EtcdConfigProperties.RefreshedBeans;
import io.github.etcddiscovery.config.LiveValues.LiveValue;
import io.github.etcddiscovery.config.Revision.Result;
import io.github.etcddiscovery.core.EtcdAccessException;
import io.github.etcddiscovery.core.EtcdAccessException.Kind;
import io.github.etcddiscovery.core.EventLoop;
import io.github.etcddiscovery.core.RetryDelays;
import io.github.etcddiscovery.core.ThreadEventLoop;
import io.github.etcddiscovery.watch.KeyRange;
import io.github.etcddiscovery.watch.MirrorTiming;
import io.github.etcddiscovery.watch.Publication;
import io.github.etcddiscovery.watch.Reflector;
import io.github.etcddiscovery.watch.Snapshot;
import io.github.etcddiscovery.watch.SnapshotListener;
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
 * revision at a time.
 */
public final class EtcdConfigRefresher implements SmartLifecycle, AutoCloseable {

	private static final Log logger = LogFactory.getLog(EtcdConfigRefresher.class);

	private static final int LONGEST_HISTORY = 50;

	private static final Duration AUDIT_INTERVAL = Duration.ofMinutes(5);

	private static final Duration LONGEST_DELAY = Duration.ofSeconds(10);

	private final ConfigurableApplicationContext context;

	private final EtcdConfig config;

	private final LiveValues live;

	private final BoundBeans beans;

	private final RefreshScopedBeans scoped;

	private final EventLoop watching = new ThreadEventLoop("etcd-config-watch");

	private final EventLoop applying = new ThreadEventLoop("etcd-config");

	/**
	 * Of the thread that applies.
	 */
	private final RetryDelays delays = new RetryDelays(LONGEST_DELAY);

	private final Deque<Revision> history = new ArrayDeque<>();

	private final AtomicLong rejections = new AtomicLong();

	private final List<Reflector> reflectors = new ArrayList<>();

	private volatile List<RefreshListener> listeners = List.of();

	private @Nullable Future<?> scheduled;

	private @Nullable String lastProblem;

	/**
	 * Of the thread that applies.
	 */
	private Kind failedWith = Kind.OTHER;

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
		this.pinned = config.properties().pinRevision();
		this.readRevision = config.getRevision();
		EtcdAccessException failure = config.failure();
		this.lastError = (failure != null) ? failure.getMessage() : null;
	}

	/**
	 * Tell someone what becomes of revisions, on the thread that applies them.
	 * @param listener is told
	 */
	public void add(RefreshListener listener) {
		List<RefreshListener> listeners = new ArrayList<>(this.listeners);
		listeners.add(listener);
		this.listeners = List.copyOf(listeners);
	}

	@Override
	public synchronized void start() {
		if (this.running) {
			return;
		}
		this.running = true;
		this.config.save();
		if (!this.config.properties().refresh().enabled()) {
			return;
		}
		if (this.reflectors.isEmpty()) {
			this.config.watched().forEach((range) -> this.reflectors.add(reflector(range)));
		}
		this.reflectors.forEach(Reflector::start);
	}

	private Reflector reflector(KeyRange range) {
		return new Reflector(range.withoutValues(), this.config.store().watcher(range.withoutValues()), this.watching,
				new RetryDelays(LONGEST_DELAY),
				new MirrorTiming(Duration.ofSeconds(5), MirrorTiming.CHECK_INTERVAL, AUDIT_INTERVAL), new Trigger());
	}

	@Override
	public synchronized void stop() {
		this.running = false;
		this.reflectors.forEach(Reflector::stop);
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
		this.reflectors.forEach(Reflector::close);
		this.watching.close();
		this.applying.close();
	}

	/**
	 * Something was written, or may have been. What comes one after the other is read
	 * together.
	 */
	private void triggered() {
		EtcdConfigProperties.RefreshProperties refresh = this.config.properties().refresh();
		Duration spread = refresh.spread();
		Duration random = spread.isZero() ? Duration.ZERO
				: Duration.ofNanos(ThreadLocalRandom.current().nextLong(spread.toNanos()));
		schedule(refresh.quietPeriod().plus(random));
	}

	private void schedule(Duration delay) {
		this.applying.execute(() -> {
			Future<?> scheduled = this.scheduled;
			if (scheduled == null || scheduled.isDone()) {
				this.scheduled = this.applying.schedule(() -> {
					this.scheduled = null;
					if (this.running && this.pinned == 0) {
						refreshNow(0, false);
					}
				}, delay);
			}
		});
	}

	/**
	 * Read the configuration again and let it count, as after a change.
	 * @return what became of it; within the deadlines of etcd
	 */
	public CompletableFuture<Revision> refresh() {
		return supply(() -> refreshNow(this.pinned, false));
	}

	/**
	 * Let what stands in etcd count although it may be a mistake.
	 * @return what became of it
	 */
	public CompletableFuture<Revision> accept() {
		return supply(() -> refreshNow(this.pinned, true));
	}

	/**
	 * Go back to a revision, for as long as it is not taken back: what is written
	 * meanwhile does not count.
	 * @param revision the revision of etcd, which must not be compacted
	 * @return what became of it
	 */
	public CompletableFuture<Revision> pin(long revision) {
		return supply(() -> {
			Revision result = refreshNow(revision, true);
			if (result.result() == Result.APPLIED || result.result() == Result.UNCHANGED) {
				this.pinned = revision;
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
		return supply(() -> {
			this.pinned = 0;
			return refreshNow(0, false);
		});
	}

	private CompletableFuture<Revision> supply(Supplier<Revision> action) {
		CompletableFuture<Revision> result = new CompletableFuture<>();
		this.applying.execute(() -> {
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
		synchronized (this.history) {
			return List.copyOf(this.history);
		}
	}

	private Revision refreshNow(long revision, boolean accepted) {
		this.applying.assertInLoop();
		long begin = System.nanoTime();
		Revision result = readAndApply(revision, accepted);
		switch (result.result()) {
			case FAILED -> {
				this.lastError = result.reason();
				if (revision == 0) {
					schedule(this.delays.after(this.failedWith));
				}
			}
			case UNCHANGED, APPLIED -> {
				this.lastError = null;
				this.refused = null;
				this.lastProblem = null;
			}
			case REJECTED, HELD -> {
				this.lastError = null;
				this.refused = result;
			}
			default -> throw new IllegalStateException();
		}
		if (result.result() != Result.FAILED) {
			this.delays.reset();
			this.readRevision = result.revision();
		}
		remember(result);
		Duration duration = Duration.ofNanos(System.nanoTime() - begin);
		this.listeners.forEach((listener) -> listener.refreshed(result, duration));
		return result;
	}

	private Revision readAndApply(long revision, boolean accepted) {
		ConfigState last = this.config.state();
		Reading reading;
		try {
			reading = this.config.read(revision);
		}
		catch (EtcdAccessException ex) {
			this.failedWith = ex.getKind();
			warnOnce("%s. The configuration stays as it is at revision %d. %s".formatted(ex.getMessage(),
					last.revision(), ex.getAdvice()));
			return result(revision, Result.FAILED, List.of(), List.of(), ex.getMessage());
		}
		String doubt = accepted ? null : doubt(last, reading);
		ConfigState next;
		try {
			next = last.and(this.config.parse(reading, Freshness.LINEARIZABLE).sources());
			next = new ConfigState(reading.clusterId(), reading.revision(), Instant.now(), Freshness.LINEARIZABLE,
					next.sources());
		}
		catch (InvalidConfigException ex) {
			return rejected(reading.revision(), last, List.of(), List.of(), String.valueOf(ex.getMessage()));
		}
		return apply(last, next, doubt);
	}

	/**
	 * Whether what was read may be a mistake of somebody's: configuration does not vanish
	 * all at once.
	 */
	private @Nullable String doubt(ConfigState last, Reading reading) {
		if (last.revision() == 0) {
			return null;
		}
		boolean back = reading.clusterId() != last.clusterId() || reading.revision() < last.revision();
		if (reading.clusterId() != last.clusterId()) {
			return "it is of another cluster";
		}
		for (String location : reading.sources()
			.stream()
			.map(ImportSource::location)
			.collect(Collectors.toCollection(TreeSet::new))) {
			List<ImportSource> sources = reading.sources()
				.stream()
				.filter((source) -> source.location().equals(location))
				.toList();
			long before = sources.stream().mapToLong((source) -> last.of(source).entries().size()).sum();
			boolean empty = sources.stream().allMatch((source) -> reading.keys(source).findAny().isEmpty());
			// A single key is deleted on purpose now and then
			if (empty && before > (back ? 0 : 1)) {
				return back ? "etcd was wiped or restored, and nothing is left of '%s'".formatted(location)
						: "all %d keys of '%s' are gone".formatted(before, location);
			}
		}
		return null;
	}

	private Revision apply(ConfigState last, ConfigState next, @Nullable String doubt) {
		EnvironmentView before = EnvironmentView.of(this.context.getEnvironment(), last);
		EnvironmentView after = EnvironmentView.of(this.context.getEnvironment(), next);
		List<Change> changes = before.changes(after);
		List<String> keys = changes.stream().map(Change::key).toList();
		if (changes.isEmpty()) {
			this.config.switchTo(next);
			if (last.revision() != next.revision()) {
				this.config.save();
			}
			return result(next.revision(), Result.UNCHANGED, keys, List.of(), null);
		}
		if (doubt != null) {
			warnOnce(("Revision %d of the configuration may be a mistake: %s. Revision %d stays in use. "
					+ "If it is right, say so with POST /actuator/etcdconfig/accept, or start the application again")
				.formatted(next.revision(), doubt, last.revision()));
			return result(next.revision(), Result.HELD, keys, List.of(), doubt);
		}
		Set<ConfigurationPropertyName> names = changes.stream()
			.map((change) -> ConfigurationPropertyName.adapt(change.key(), '.'))
			.collect(Collectors.toSet());
		boolean rebind = this.config.properties().refresh().scope() != RefreshedBeans.NONE;
		List<BoundBean> affected = this.beans.affected(names);
		List<String> beanNames = affected.stream().map(BoundBean::name).toList();
		List<BoundBean> done = new ArrayList<>();
		int rebound = 0;
		try {
			// No Live may be bound in between
			synchronized (this.live) {
				Map<BoundBean, @Nullable Object> bound = this.beans.bind(affected, this.live.binder(), after);
				Map<LiveValue<?>, Object> live = this.live.bind(names, after);
				this.config.switchTo(next);
				live.forEach(LiveValue::set);
				rebound = rebind ? this.beans.apply(bound, done) : 0;
			}
		}
		catch (RejectedException ex) {
			takeBack(last, before, names, done);
			return rejected(next.revision(), last, keys, beanNames, Objects.requireNonNull(ex.getMessage()));
		}
		int scoped = rebind ? refreshScoped(names) : 0;
		publish(next, changes, names);
		this.config.save();
		logger.info("Configuration at revision %d (was %d): %s changed (%s); %s rebound%s".formatted(next.revision(),
				last.revision(), count(keys.size(), "property", "properties"), shown(keys),
				count(rebound, "bean", "beans"),
				(scoped > 0) ? ", %s in refresh scope made anew".formatted(count(scoped, "bean", "beans")) : ""));
		return result(next.revision(), Result.APPLIED, keys, beanNames, null);
	}

	/**
	 * A bean has failed only when it took the change over: those before it get back what
	 * they had.
	 */
	private void takeBack(ConfigState last, EnvironmentView before, Set<ConfigurationPropertyName> names,
			List<BoundBean> done) {
		if (this.config.state() == last) {
			return;
		}
		synchronized (this.live) {
			this.config.switchTo(last);
			this.live.bind(names, before).forEach(LiveValue::set);
			for (BoundBean bean : done) {
				try {
					bean.apply(bean.bind(this.live.binder(), before), this.context.getBeanFactory());
				}
				catch (RuntimeException ex) {
					logger.warn("The bean '%s' could not be bound to what it had".formatted(bean.name()), ex);
				}
			}
		}
	}

	private int refreshScoped(Set<ConfigurationPropertyName> names) {
		try {
			return this.scoped.refresh(names, this.config.properties().refresh().scope() == RefreshedBeans.ALL);
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
	private void publish(ConfigState next, List<Change> changes, Set<ConfigurationPropertyName> names) {
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

	private void remember(Revision revision) {
		if (revision.result() == Result.UNCHANGED || revision.result() == Result.FAILED) {
			return;
		}
		synchronized (this.history) {
			Revision latest = this.history.peekFirst();
			if (latest != null && latest.revision() == revision.revision() && latest.result() == revision.result()) {
				this.history.removeFirst();
			}
			this.history.addFirst(revision);
			if (this.history.size() > LONGEST_HISTORY) {
				this.history.removeLast();
			}
		}
	}

	private static String count(int number, String one, String several) {
		return number + " " + ((number == 1) ? one : several);
	}

	private static String shown(List<String> keys) {
		return (keys.size() <= 10) ? String.join(", ", keys)
				: String.join(", ", keys.subList(0, 10)) + " and %d more".formatted(keys.size() - 10);
	}

	/**
	 * Says that something was written; what it was is read again anyway.
	 */
	private final class Trigger implements SnapshotListener {

		@Override
		public void published(Publication publication) {
			if (!publication.changedKeys().isEmpty()) {
				triggered();
			}
		}

		/**
		 * What was written while nobody watched.
		 */
		@Override
		public void synced(Snapshot snapshot) {
			triggered();
		}

		@Override
		public void lost(EtcdAccessException failure, @Nullable Snapshot served) {
			EtcdConfigRefresher.this.applying.execute(() -> {
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
