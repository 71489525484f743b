package io.github.etcddiscovery.metrics;

import java.util.concurrent.TimeUnit;

import io.github.etcddiscovery.lease.LossCause;
import io.github.etcddiscovery.registry.EtcdServiceRegistry;
import io.github.etcddiscovery.registry.LeasedRegistrations;
import io.github.etcddiscovery.registry.RegistrationState;
import io.micrometer.core.instrument.FunctionCounter;
import io.micrometer.core.instrument.Gauge;
import io.micrometer.core.instrument.MeterRegistry;
import io.micrometer.core.instrument.TimeGauge;
import io.micrometer.core.instrument.binder.MeterBinder;

/**
 * Metrics of the registrations of this process and their lease.
 */
public final class RegistrationMetrics implements MeterBinder {

	private final EtcdServiceRegistry registry;

	private final LeasedRegistrations registrations;

	/**
	 * Create the metrics.
	 * @param registry knows the registrations
	 * @param registrations knows their states and the lease
	 */
	public RegistrationMetrics(EtcdServiceRegistry registry, LeasedRegistrations registrations) {
		this.registry = registry;
		this.registrations = registrations;
	}

	@Override
	public void bindTo(MeterRegistry meters) {
		for (RegistrationState state : RegistrationState.values()) {
			Gauge.builder("etcd.discovery.registrations", this.registry, (registry) -> count(registry, state))
				.description("Registrations of this process")
				.tag("state", TagValues.of(state))
				.register(meters);
		}
		for (LossCause cause : LossCause.values()) {
			FunctionCounter
				.builder("etcd.discovery.registration.recoveries", this.registrations.recoveries(),
						(recoveries) -> recoveries.count(cause))
				.description("How often a registration had to be put back")
				.tag("cause", TagValues.of(cause))
				.register(meters);
		}
		TimeGauge
			.builder("etcd.discovery.lease.remaining", this.registrations, TimeUnit.MILLISECONDS,
					(registrations) -> registrations.status().remaining().toMillis())
			.description("Time until the lease expires without another renewal")
			.register(meters);
	}

	private static long count(EtcdServiceRegistry registry, RegistrationState state) {
		return registry.getRegistrations()
			.values()
			.stream()
			.filter((registration) -> registry.getState(registration) == state)
			.count();
	}

}
