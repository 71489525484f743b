package io.github.etcddiscovery.discovery;

import java.time.Duration;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.function.Consumer;

import io.github.etcddiscovery.core.EventLoop;
import io.github.etcddiscovery.instance.EtcdServiceInstance;
import org.apache.commons.logging.Log;
import org.apache.commons.logging.LogFactory;

/**
 * Looks after the absentees of the catalog while there are some: reviews every second
 * whose time is over, and asks at the addresses of those that are held whether anybody is
 * there. Confined to the loop of the catalog.
 */
final class HeldInstances {

	private static final Log logger = LogFactory.getLog(HeldInstances.class);

	private static final Duration INTERVAL = Duration.ofSeconds(1);

	/**
	 * Half of what the probe can do: others ask as well.
	 */
	private static final int QUESTIONS = 8;

	private final EventLoop loop;

	private final Duration duration;

	private final Runnable review;

	private final Questions questions;

	private final Set<String> alarmed = new HashSet<>();

	private boolean scheduled;

	/**
	 * Create the keeper.
	 * @param loop the loop of the catalog
	 * @param probe asks at addresses
	 * @param duration how long an instance is held, for the log
	 * @param review drops those whose time is over from the catalog
	 * @param gone drops an instance that is gone for good from the catalog
	 */
	HeldInstances(EventLoop loop, AddressProbe probe, Duration duration, Runnable review,
			Consumer<EtcdServiceInstance> gone) {
		this.loop = loop;
		this.duration = duration;
		this.review = review;
		this.questions = new Questions(loop, probe, QUESTIONS, (instance, answer) -> {
			if (answer == AddressProbe.Answer.REFUSED) {
				gone.accept(instance);
			}
		});
	}

	/**
	 * The catalog has changed.
	 */
	void attend(Catalog catalog) {
		Map<String, List<EtcdServiceInstance>> held = catalog.held();
		this.alarmed.removeIf((name) -> {
			boolean over = !held.containsKey(name);
			if (over) {
				logger.info("No instance of '%s' is held any more; %d are registered".formatted(name,
						catalog.registered(name).size()));
			}
			return over;
		});
		held.forEach((name, instances) -> {
			if (this.alarmed.add(name)) {
				logger.warn(
						("%d of %d instances of '%s' vanished from etcd at once and without a goodbye: they are served "
								+ "on for up to %d s, or until they refuse a connection")
							.formatted(instances.size(), catalog.registered(name).size(), name,
									this.duration.toSeconds()));
				instances.forEach(this.questions::ask);
			}
		});
		if (!this.scheduled && catalog.hasAbsentees()) {
			this.scheduled = true;
			this.loop.schedule(() -> {
				this.scheduled = false;
				held.values().forEach((instances) -> instances.forEach(this.questions::ask));
				this.review.run();
			}, INTERVAL);
		}
	}

}
