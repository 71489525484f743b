package io.github.etcddiscovery.health;

import io.github.etcddiscovery.client.EtcdConnection;
import io.github.etcddiscovery.client.Reachability;

import org.springframework.boot.health.contributor.Health;
import org.springframework.boot.health.contributor.HealthIndicator;

/**
 * Reports whether the last request reached etcd, for applications without discovery.
 * Sends no request itself, and answers at once from memory.
 * <ul>
 * <li>{@code UP} after an answer, even if that only denied a permission.
 * <li>{@code DOWN} after a request that no member with a leader answered, or that etcd
 * refused because of credentials or certificates.
 * <li>{@code UNKNOWN} before the first request.
 * </ul>
 */
public final class ConnectionHealthIndicator implements HealthIndicator {

	private final EtcdConnection connection;

	/**
	 * Create an indicator.
	 * @param connection knows the outcome of the last request
	 */
	public ConnectionHealthIndicator(EtcdConnection connection) {
		this.connection = connection;
	}

	@Override
	public Health health() {
		Reachability reachability = this.connection.reachability();
		return switch (reachability.state()) {
			case REACHABLE -> Health.up().build();
			case UNREACHABLE -> Health.down().withDetail("reason", String.valueOf(reachability.reason())).build();
			case UNKNOWN -> Health.unknown().build();
		};
	}

}
