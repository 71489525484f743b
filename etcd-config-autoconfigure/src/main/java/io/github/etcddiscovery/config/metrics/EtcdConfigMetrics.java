package io.github.etcddiscovery.config.metrics;

import java.util.Locale;
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;

import io.github.etcddiscovery.config.ConfigReporter;
import io.github.etcddiscovery.config.EtcdConfig;
import io.github.etcddiscovery.config.EtcdConfigRefresher;
import io.micrometer.core.instrument.Counter;
import io.micrometer.core.instrument.FunctionCounter;
import io.micrometer.core.instrument.Gauge;
import io.micrometer.core.instrument.MeterRegistry;
import io.micrometer.core.instrument.TimeGauge;
import io.micrometer.core.instrument.Timer;
import io.micrometer.core.instrument.binder.MeterBinder;

/**
 * Meters of the configuration.
 */
public final class EtcdConfigMetrics implements MeterBinder {

	private final EtcdConfig config;

	private final EtcdConfigRefresher refresher;

	private final ConfigReporter reporter;

	/**
	 * Create the meters.
	 * @param config the configuration
	 * @param refresher follows the configuration
	 * @param reporter describes the configuration
	 */
	public EtcdConfigMetrics(EtcdConfig config, EtcdConfigRefresher refresher, ConfigReporter reporter) {
		this.config = config;
		this.refresher = refresher;
		this.reporter = reporter;
	}

	@Override
	public void bindTo(MeterRegistry registry) {
		Gauge.builder("etcd.config.revision", this.config, EtcdConfig::getRevision)
			.description("Revision of etcd in use")
			.register(registry);
		TimeGauge
			.builder("etcd.config.age", this.reporter, TimeUnit.SECONDS,
					(reporter) -> reporter.age().toMillis() / 1000.0)
			.description("How long the configuration has not been followed")
			.register(registry);
		Gauge.builder("etcd.config.keys", this.reporter, ConfigReporter::keys)
			.description("Keys of etcd that are part of the configuration")
			.register(registry);
		FunctionCounter.builder("etcd.config.rejected", this.refresher, EtcdConfigRefresher::getRejections)
			.description("Rejected revisions of the configuration")
			.register(registry);
		Stream.of("live", "serializable", "file", "none")
			.forEach((source) -> Gauge
				.builder("etcd.config.source", this.reporter, (reporter) -> reporter.source().equals(source) ? 1 : 0)
				.description("How the configuration was read")
				.tag("source", source)
				.register(registry));
		this.refresher.add((revision, duration) -> {
			Counter.builder("etcd.config.refresh")
				.description("How often the configuration was read again, by result")
				.tag("result", revision.result().name().toLowerCase(Locale.ROOT))
				.register(registry)
				.increment();
			Timer.builder("etcd.config.apply.duration")
				.description("How long reading, checking and applying the configuration took")
				.register(registry)
				.record(duration);
		});
	}

}
