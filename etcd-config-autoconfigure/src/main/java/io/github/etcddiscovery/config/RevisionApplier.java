package io.github.etcddiscovery.config;

import java.time.Instant;
import java.util.EnumSet;
import java.util.List;
import java.util.Objects;
import java.util.Set;
import java.util.TreeSet;
import java.util.concurrent.atomic.AtomicLong;
import java.util.stream.Collectors;

import io.github.etcddiscovery.config.EtcdConfigChangedEvent.Change;
import io.github.etcddiscovery.config.EtcdConfigProperties.RefreshedBeans;
import io.github.etcddiscovery.config.Revision.Result;
import io.github.etcddiscovery.core.EtcdAccessException;
import io.github.etcddiscovery.core.EtcdAccessException.Kind;
import org.apache.commons.logging.Log;
import org.apache.commons.logging.LogFactory;
import org.jspecify.annotations.Nullable;

import org.springframework.boot.context.properties.source.ConfigurationPropertyName;
import org.springframework.cloud.context.environment.EnvironmentChangeEvent;
import org.springframework.context.ConfigurableApplicationContext;

/**
 * Reads a revision of the configuration and applies it if possible. The result is logged,
 * each problem once until it is over. Confined to the thread that applies changes.
 */
final class RevisionApplier {

	private static final Log logger = LogFactory.getLog(EtcdConfigRefresher.class);

	private final ConfigurableApplicationContext context;

	private final EtcdConfig config;

	private final LiveValues live;

	private final BoundBeans beans;

	private final RefreshScopedBeans scoped;

	private Kind failedWith = Kind.OTHER;

	private @Nullable String lastProblem;

	/**
	 * The kinds of failed requests since etcd last answered. Each is logged once: the
	 * reasons differ while etcd stops.
	 */
	private final Set<Kind> troubles = EnumSet.noneOf(Kind.class);

	private final AtomicLong rejections = new AtomicLong();

	RevisionApplier(ConfigurableApplicationContext context, EtcdConfig config, LiveValues live) {
		this.context = context;
		this.config = config;
		this.live = live;
		this.beans = new BoundBeans(context);
		this.scoped = new RefreshScopedBeans(context);
	}

	/**
	 * The number of rejected revisions. From any thread.
	 */
	long rejections() {
		return this.rejections.get();
	}

	/**
	 * The failure of the last revision that could not be read.
	 */
	Kind failedWith() {
		return this.failedWith;
	}

	/**
	 * The last problem is over: if it occurs again, it is logged again.
	 */
	void recovered() {
		this.lastProblem = null;
	}

	/**
	 * etcd answers: if a request fails again, it is logged again.
	 */
	void answered() {
		this.troubles.clear();
	}

	/**
	 * Read a revision and apply it.
	 * @param revision the revision, or 0 for the present one
	 * @param accepted whether to apply it although it may be a mistake
	 * @return the result
	 */
	Revision apply(long revision, boolean accepted) {
		while (true) {
			ConfigState last = this.config.state();
			Reading reading;
			try {
				reading = this.config.read(revision);
			}
			catch (EtcdAccessException ex) {
				this.failedWith = ex.getKind();
				warnOnce(ex.getKind(),
						"%s. The configuration stays as it is at revision %d%s".formatted(ex.getMessage(),
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
	 * Apply a state if possible.
	 * @return the result, or {@code null} if the present state has changed meanwhile
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
					+ "If it is right, accept it with POST /actuator/etcdconfig/accept, or restart the application")
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
				(scoped > 0) ? ", %s in refresh scope discarded".formatted(count(scoped, "bean", "beans")) : ""));
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
	 * The source of Spring Cloud's event is neither the context nor the keys, so that its
	 * rebinder does not bind all beans again.
	 */
	private void publish(ConfigState next, List<Change> changes) {
		Set<String> keys = changes.stream().map(Change::key).collect(Collectors.toCollection(TreeSet::new));
		for (Object event : List.of(new EnvironmentChangeEvent(this.config, keys),
				new EtcdConfigChangedEvent(this.config, next.revision(), changes))) {
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

	/**
	 * Log a problem, unless it is the last one.
	 * @return whether it is a new one
	 */
	boolean warnOnce(String problem) {
		if (problem.equals(this.lastProblem)) {
			return false;
		}
		this.lastProblem = problem;
		logger.warn(problem);
		return true;
	}

	/**
	 * Log a failed request, unless one of its kind has failed since etcd last answered.
	 */
	void warnOnce(Kind trouble, String problem) {
		if (this.troubles.add(trouble)) {
			logger.warn(problem);
		}
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

}
