package io.github.etcddiscovery.metrics;

import io.github.etcddiscovery.core.Monitor;
import io.micrometer.observation.Observation;
import io.micrometer.observation.ObservationRegistry;

/**
 * Observes registering, deregistering and lists, which are rare and take some time.
 * Renewals happen every few seconds and would only fill the traces.
 */
public final class ObservationMonitor implements Monitor {

	private final ObservationRegistry registry;

	/**
	 * Create the monitor.
	 * @param registry receives the observations
	 */
	public ObservationMonitor(ObservationRegistry registry) {
		this.registry = registry;
	}

	@Override
	public Ending begin(Operation operation, String subject) {
		if (operation == Operation.RENEW) {
			return NONE.begin(operation, subject);
		}
		String name = TagValues.of(operation);
		Observation observation = Observation.createNotStarted("etcd.discovery." + name, this.registry)
			.contextualName("etcd " + name)
			.highCardinalityKeyValue("etcd.key", subject)
			.start();
		return (failure) -> {
			observation.lowCardinalityKeyValue("outcome", TagValues.outcome(failure));
			if (failure != null) {
				observation.error(failure);
			}
			observation.stop();
		};
	}

}
