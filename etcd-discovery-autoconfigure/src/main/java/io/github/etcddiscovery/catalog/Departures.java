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
 * Tracks the instances whose goodbye this process has received in an answer, and which
 * etcd may not have received. They are out of service until their key changes. While etcd
 * is away the key does not change, even if another process takes over the address.
 * Therefore the addresses are probed every second. An address that accepts connections
 * after it has refused one is called again. So is one that still accepts connections
 * after a minute, since its instance has not left after all. An address that does not
 * answer proves neither. Confined to the loop of the catalog.
 */
final class Departures {

	private static final Log logger = LogFactory.getLog(Departures.class);

	private static final Duration INTERVAL = Duration.ofSeconds(1);

	private static final Duration LONGEST = Duration.ofMinutes(1);

	/**
	 * A fraction of the probe's capacity, which others use as well.
	 */
	private static final int QUESTIONS = 4;

	private final EventLoop loop;

	private final Questions questions;

	private final CatalogStore store;

	/**
	 * Keyed by the identity of the catalog's object, since a changed key leads to another
	 * object.
	 */
	private final Map<EtcdServiceInstance, Departure> departed = new IdentityHashMap<>();

	private boolean scheduled;

	/**
	 * Create an empty set of departures.
	 * @param store has the catalog
	 * @param loop the loop of the catalog
	 * @param probe probes addresses
	 */
	Departures(CatalogStore store, EventLoop loop, AddressProbe probe) {
		this.store = store;
		this.loop = loop;
		this.questions = new Questions(loop, probe, QUESTIONS, this::answered);
		store.onChange(this::attend);
	}

	/**
	 * An instance of the catalog has said goodbye.
	 */
	void left(EtcdServiceInstance instance) {
		logger.info("%s says goodbye; it is no longer called".formatted(instance));
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
			logger.info("%s has returned".formatted(departure.instance));
			this.store.update((catalog) -> catalog.replace(instance, departure.instance));
		}
		departure.down |= answer == Answer.REFUSED;
	}

	/**
	 * An instance that has said goodbye.
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
