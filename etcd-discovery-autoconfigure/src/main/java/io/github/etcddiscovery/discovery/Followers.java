package io.github.etcddiscovery.discovery;

import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.function.Function;

import io.github.etcddiscovery.core.EventLoop;
import io.github.etcddiscovery.instance.EtcdServiceInstance;
import org.apache.commons.logging.Log;
import org.apache.commons.logging.LogFactory;

/**
 * Listeners that follow a service and are told when it changes, on the loop of the
 * catalog. A followed service counts as looked up.
 */
final class Followers {

	private static final Log logger = LogFactory.getLog(Followers.class);

	private final EventLoop loop;

	private final Duration interval;

	private final Function<String, List<EtcdServiceInstance>> instances;

	private final List<Follower> followers = new CopyOnWriteArrayList<>();

	private final AtomicBoolean scheduled = new AtomicBoolean();

	/**
	 * Create an empty set of followers.
	 * @param loop the loop of the catalog
	 * @param interval how often a service must be looked up so that its mirror is kept
	 * @param instances looks a service up
	 */
	Followers(EventLoop loop, Duration interval, Function<String, List<EtcdServiceInstance>> instances) {
		this.loop = loop;
		this.interval = interval;
		this.instances = instances;
	}

	Following follow(String serviceId, String name, Runnable changed) {
		Follower follower = new Follower(serviceId, name, changed, this.instances.apply(serviceId));
		this.followers.add(follower);
		if (this.scheduled.compareAndSet(false, true)) {
			this.loop.schedule(this::askAgain, this.interval);
		}
		// The service may have changed before the follower was added
		this.loop.execute(this::attend);
		return () -> this.followers.remove(follower);
	}

	private void askAgain() {
		this.scheduled.set(false);
		if (!this.followers.isEmpty()) {
			attend();
			if (this.scheduled.compareAndSet(false, true)) {
				this.loop.schedule(this::askAgain, this.interval);
			}
		}
	}

	/**
	 * The catalog has changed.
	 */
	void attend() {
		this.followers.forEach(this::attend);
	}

	private void attend(Follower follower) {
		List<EtcdServiceInstance> now = this.instances.apply(follower.serviceId);
		if (now != follower.told) {
			follower.told = now;
			try {
				follower.changed.run();
			}
			catch (RuntimeException ex) {
				logger.warn("%s failed to follow '%s'".formatted(follower.name, follower.serviceId), ex);
			}
		}
	}

	/**
	 * The names of the followers, by service.
	 */
	Map<String, List<String>> names() {
		Map<String, List<String>> names = new TreeMap<>();
		this.followers.forEach((follower) -> names.computeIfAbsent(follower.serviceId, (service) -> new ArrayList<>())
			.add(follower.name));
		return names;
	}

	void close() {
		this.followers.clear();
	}

	/**
	 * One follower. The list that it was last told of is confined to the loop.
	 */
	private static final class Follower {

		private final String serviceId;

		private final String name;

		private final Runnable changed;

		private List<EtcdServiceInstance> told;

		Follower(String serviceId, String name, Runnable changed, List<EtcdServiceInstance> told) {
			this.serviceId = serviceId;
			this.name = name;
			this.changed = changed;
			this.told = told;
		}

	}

}
