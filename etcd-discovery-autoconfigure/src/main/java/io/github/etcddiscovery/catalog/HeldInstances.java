package io.github.etcddiscovery.catalog;

import java.time.Duration;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;

import io.github.etcddiscovery.core.EventLoop;
import io.github.etcddiscovery.instance.EtcdServiceInstance;
import io.github.etcddiscovery.probe.AddressProbe;
import io.github.etcddiscovery.probe.Questions;
import org.apache.commons.logging.Log;
import org.apache.commons.logging.LogFactory;

/**
 * Reviews the absentees of the catalog every second while there are any: removes those
 * whose time is over, and probes the addresses of held instances. Confined to the loop of
 * the catalog.
 */
final class HeldInstances {

	private static final Log logger = LogFactory.getLog(HeldInstances.class);

	private static final Duration INTERVAL = Duration.ofSeconds(1);

	/**
	 * Half of the probe's capacity, which others use as well.
	 */
	private static final int QUESTIONS = 8;

	private final EventLoop loop;

	private final Duration duration;

	private final CatalogStore store;

	private final VanishingPolicy policy;

	private final Questions questions;

	private final Set<String> alarmed = new HashSet<>();

	private boolean scheduled;

	/**
	 * Create the review of the catalog's absentees.
	 * @param store has the catalog
	 * @param loop the loop of the catalog
	 * @param probe probes addresses
	 * @param policy decides whose time is over
	 * @param duration how long an instance is held, for the log
	 */
	HeldInstances(CatalogStore store, EventLoop loop, AddressProbe probe, VanishingPolicy policy, Duration duration) {
		this.store = store;
		this.loop = loop;
		this.policy = policy;
		this.duration = duration;
		this.questions = new Questions(loop, probe, QUESTIONS, (instance, answer) -> {
			if (answer == AddressProbe.Answer.REFUSED) {
				store.update((catalog) -> catalog.release(instance));
			}
		});
		store.onChange(this::attend);
	}

	private void attend(Catalog catalog) {
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
				logger
					.warn(("%d of %d instances of '%s' vanished from etcd at once and without a goodbye: they are held "
							+ "for up to %d s, or until they refuse a connection")
						.formatted(instances.size(), catalog.registered(name).size(), name, this.duration.toSeconds()));
				instances.forEach(this.questions::ask);
			}
		});
		if (!this.scheduled && catalog.hasAbsentees()) {
			this.scheduled = true;
			this.loop.schedule(() -> {
				this.scheduled = false;
				held.values().forEach((instances) -> instances.forEach(this.questions::ask));
				this.store
					.update((current) -> current.review(this.policy.rule(Meanwhile.NOTHING, this.loop.nanoTime())));
			}, INTERVAL);
		}
	}

}
