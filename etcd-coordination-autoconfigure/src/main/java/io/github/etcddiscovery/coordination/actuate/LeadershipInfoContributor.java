package io.github.etcddiscovery.coordination.actuate;

import java.util.Map;
import java.util.TreeMap;

import io.github.etcddiscovery.coordination.leader.Elections;

import org.springframework.boot.actuate.info.Info;
import org.springframework.boot.actuate.info.InfoContributor;

/**
 * Shows the roles that this process campaigns for, and whether it leads, as
 * {@code etcdLeadership}. No request is made to etcd.
 */
public final class LeadershipInfoContributor implements InfoContributor {

	private final Elections elections;

	/**
	 * Create a contributor.
	 * @param elections the elections
	 */
	public LeadershipInfoContributor(Elections elections) {
		this.elections = elections;
	}

	@Override
	public void contribute(Info.Builder builder) {
		Map<String, Object> roles = new TreeMap<>();
		this.elections.leaderships()
			.forEach((leadership) -> roles.put(leadership.role(), Map.of("leader", leadership.isLeader())));
		builder.withDetail("etcdLeadership", Map.of("id", this.elections.id(), "roles", roles));
	}

}
