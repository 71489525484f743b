package io.github.etcddiscovery.coordination.actuate;

import java.util.Map;
import java.util.TreeMap;

import io.github.etcddiscovery.coordination.Coordination;
import io.github.etcddiscovery.coordination.leader.Elections;
import io.github.etcddiscovery.lease.LeaseStatus;

import org.springframework.boot.health.contributor.Health;
import org.springframework.boot.health.contributor.HealthIndicator;

/**
 * Shows the lease and the roles that this process leads. The status is always {@code UP}:
 * not leading is no fault, and the component {@code etcd} tells whether etcd can be
 * reached. No request is made to etcd.
 */
public final class CoordinationHealthIndicator implements HealthIndicator {

	private final Coordination coordination;

	private final Elections elections;

	/**
	 * Create an indicator.
	 * @param coordination the lease
	 * @param elections the elections
	 */
	public CoordinationHealthIndicator(Coordination coordination, Elections elections) {
		this.coordination = coordination;
		this.elections = elections;
	}

	@Override
	public Health health() {
		LeaseStatus lease = this.coordination.lease();
		Map<String, String> roles = new TreeMap<>();
		this.elections.leaderships()
			.forEach((leadership) -> roles.put(leadership.role(),
					leadership.isLeader() ? "LEADER" : leadership.state().name()));
		return Health.up()
			.withDetail("id", this.elections.id())
			.withDetail("lease", lease.state() + (" " + lease.leaseIdInHex()).stripTrailing())
			.withDetail("roles", roles)
			.build();
	}

}
