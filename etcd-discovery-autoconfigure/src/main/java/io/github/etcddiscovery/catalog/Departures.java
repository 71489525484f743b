package io.github.etcddiscovery.catalog;

import java.time.Duration;
import java.util.IdentityHashMap;
import java.util.Map;

import io.github.etcddiscovery.core.EventLoop;
import io.github.etcddiscovery.instance.EtcdServiceInstance;
import io.github.etcddiscovery.instance.InstanceStatus;
import io.github.etcddiscovery.probe.AddressProbe;
import io.github.etcddiscovery.probe.AddressProbe.Answer;
import io.github.etcddiscovery.probe.Questions;
import org.apache.commons.logging.Log;
import org.apache.commons.logging.LogFactory;

/**
 * Looks after the instances that have told this process themselves that they leave, which
 * etcd may not know: they are out of service until their key changes. While etcd is away
 * it does not change, also if another process takes their place: so their addresses are
 * asked every second, and who listens again after a refusal is called again. One that
 * still listens after a minute did not leave, after all, and is called again. An address
 * that does not answer proves neither. Confined to the loop of the catalog.
 */
final class Departures {

	private static final Log logger = LogFactory.getLog(Departures.class);

	private static final Duration INTERVAL = Duration.ofSeconds(1);

	private static final Duration LONGEST = Duration.ofMinutes(1);

	/**
	 * A few of what the probe can do: others ask as well.
	 */
	private static final int QUESTIONS = 4;

	private final EventLoop loop;

	private final Questions questions;

	private final CatalogStore store;

	/**
	 * By the object that stands in the catalog: a key that changes brings another one.
	 */
	private final Map<EtcdServiceInstance, Departure> departed = new IdentityHashMap<>();

	private boolean scheduled;

	/**
	 * Create the keeper.
	 * @param store has the catalog
	 * @param loop the loop of the catalog
	 * @param probe asks at addresses
	 */
	Departures(CatalogStore store, EventLoop loop, AddressProbe probe) {
		this.store = store;
		this.loop = loop;
		this.questions = new Questions(loop, probe, QUESTIONS, this::answered);
		store.onChange(this::attend);
	}

	/**
	 * An instance of the catalog has said that it leaves.
	 */
	void left(EtcdServiceInstance instance) {
		logger.info("%s says that it leaves; it is not called any more".formatted(instance));
		EtcdServiceInstance replacement = instance.withStatus(InstanceStatus.OUT_OF_SERVICE);
		this.departed.put(replacement, new Departure(instance, this.loop.nanoTime()));
		this.store.update((catalog) -> catalog.replace(instance, replacement));
	}

	private void attend(Catalog catalog) {
		this.departed.keySet()
			.removeIf((instance) -> catalog.registered(instance.getServiceId())
				.stream()
				.noneMatch((present) -> present == instance));
		askSoon();
	}

	private void askSoon() {
		if (!this.scheduled && !this.departed.isEmpty()) {
			this.scheduled = true;
			this.loop.schedule(() -> {
				this.scheduled = false;
				this.departed.keySet().forEach(this.questions::ask);
				askSoon();
			}, INTERVAL);
		}
	}

	private void answered(EtcdServiceInstance instance, Answer answer) {
		Departure departure = this.departed.get(instance);
		if (departure == null) {
			return;
		}
		boolean over = this.loop.nanoTime() - departure.since >= LONGEST.toNanos();
		if (answer == Answer.ACCEPTED && (departure.down || over)) {
			logger.info("%s is there again".formatted(departure.instance));
			this.store.update((catalog) -> catalog.replace(instance, departure.instance));
		}
		departure.down |= answer == Answer.REFUSED;
	}

	/**
	 * What is known of one that left.
	 */
	private static final class Departure {

		private final EtcdServiceInstance instance;

		private final long since;

		private boolean down;

		Departure(EtcdServiceInstance instance, long since) {
			this.instance = instance;
			this.since = since;
		}

	}

}
