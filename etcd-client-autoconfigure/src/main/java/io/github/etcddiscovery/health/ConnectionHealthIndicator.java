package io.github.etcddiscovery.health;

import io.github.etcddiscovery.client.EtcdConnection;
import io.github.etcddiscovery.client.Reachability;

import org.springframework.boot.health.contributor.Health;
import org.springframework.boot.health.contributor.HealthIndicator;

/**
 * Says whether etcd was reached when something was asked of it last, for applications
 * without discovery. Asks nothing itself and answers from memory at once.
 * <ul>
 * <li>{@code UP} after an answer, be it that a key may not be read.
 * <li>{@code DOWN} after a request that no member with a leader answered, or that was
 * refused because of the credentials or certificates.
 * <li>{@code UNKNOWN} before the first request.
 * </ul>
 */
public final class ConnectionHealthIndicator implements HealthIndicator {

	private final EtcdConnection connection;

	/**
	 * Create an indicator.
	 * @param connection the connection
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
