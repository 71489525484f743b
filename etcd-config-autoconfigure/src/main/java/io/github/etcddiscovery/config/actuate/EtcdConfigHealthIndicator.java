package io.github.etcddiscovery.config.actuate;

import io.github.etcddiscovery.config.ConfigReporter;
import io.github.etcddiscovery.config.EtcdConfig;
import io.github.etcddiscovery.config.EtcdConfigRefresher;
import io.github.etcddiscovery.config.Revision;

import org.springframework.boot.health.contributor.AbstractHealthIndicator;
import org.springframework.boot.health.contributor.Health;

/**
 * Shows the state of the configuration from etcd. The status is always {@code UP}: an
 * application works with the last good configuration, and a restart would not help.
 */
public final class EtcdConfigHealthIndicator extends AbstractHealthIndicator {

	private final EtcdConfig config;

	private final EtcdConfigRefresher refresher;

	private final ConfigReporter reporter;

	/**
	 * Create the indicator.
	 * @param config the configuration
	 * @param refresher follows the configuration
	 * @param reporter describes the configuration
	 */
	public EtcdConfigHealthIndicator(EtcdConfig config, EtcdConfigRefresher refresher, ConfigReporter reporter) {
		this.config = config;
		this.refresher = refresher;
		this.reporter = reporter;
	}

	@Override
	protected void doHealthCheck(Health.Builder builder) {
		String error = this.refresher.getLastError();
		Revision refused = this.refresher.getRefused();
		builder.up()
			.withDetail("revision", this.config.getRevision())
			.withDetail("source", this.reporter.source())
			.withDetail("state", (error == null && this.reporter.source().equals("live")) ? "IN_SYNC" : "OUT_OF_SYNC");
		if (error != null) {
			builder.withDetail("error", error);
		}
		if (refused != null) {
			builder.withDetail("refused", "%d: %s".formatted(refused.revision(), String.valueOf(refused.reason())));
		}
		if (this.refresher.getPinned() > 0) {
			builder.withDetail("pinnedTo", this.refresher.getPinned());
		}
	}

}
