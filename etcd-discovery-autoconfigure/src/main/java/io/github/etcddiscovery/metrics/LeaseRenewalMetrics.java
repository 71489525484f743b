package io.github.etcddiscovery.metrics;

import java.util.List;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.TimeUnit;

import io.github.etcddiscovery.core.Monitor;
import io.micrometer.core.instrument.MeterRegistry;
import io.micrometer.core.instrument.Timer;
import io.micrometer.core.instrument.binder.MeterBinder;

/**
 * Times renewals of the lease, by outcome.
 */
public final class LeaseRenewalMetrics implements MeterBinder, Monitor {

	private final List<MeterRegistry> registries = new CopyOnWriteArrayList<>();

	@Override
	public void bindTo(MeterRegistry registry) {
		timer(registry, TagValues.outcome(null));
		this.registries.add(registry);
	}

	@Override
	public Ending begin(Operation operation, String subject) {
		if (operation != Operation.RENEW) {
			return NONE.begin(operation, subject);
		}
		long start = System.nanoTime();
		return (failure) -> {
			long took = System.nanoTime() - start;
			this.registries
				.forEach((registry) -> timer(registry, TagValues.outcome(failure)).record(took, TimeUnit.NANOSECONDS));
		};
	}

	private static Timer timer(MeterRegistry registry, String outcome) {
		return Timer.builder("etcd.discovery.lease.renewals")
			.description("Renewals of the lease of this process")
			.tag("outcome", outcome)
			.register(registry);
	}

}
