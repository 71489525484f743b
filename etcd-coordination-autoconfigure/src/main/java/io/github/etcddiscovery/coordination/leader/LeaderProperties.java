package io.github.etcddiscovery.coordination.leader;

import java.time.Duration;
import java.util.Map;

import org.jspecify.annotations.Nullable;

import org.springframework.boot.context.properties.ConfigurationProperties;
import org.springframework.boot.context.properties.bind.DefaultValue;
import org.springframework.boot.context.properties.source.InvalidConfigurationPropertyValueException;

/**
 * Properties of leader election.
 *
 * @param waitForReady whether to campaign only while the application accepts traffic
 * @param onRevoke what happens to running work when the leadership ends: finish or
 * interrupt
 * @param stepDownTimeout how long a leader that steps down waits for handlers and methods
 * to finish before another process may lead
 * @param roles settings of a single role; this process campaigns from the start for each
 * role that is named here
 */
@ConfigurationProperties("spring.cloud.etcd.leader")
public record LeaderProperties(@DefaultValue("true") boolean waitForReady, @DefaultValue("finish") OnRevoked onRevoke,
		@DefaultValue("10s") Duration stepDownTimeout, @DefaultValue Map<String, RoleProperties> roles) {

	private static final String PREFIX = "spring.cloud.etcd.leader.";

	/**
	 * Validate the properties.
	 */
	public LeaderProperties {
		if (stepDownTimeout.isNegative()) {
			throw new InvalidConfigurationPropertyValueException(PREFIX + "step-down-timeout", stepDownTimeout,
					"Must not be negative");
		}
		requireDecided("on-revoke", onRevoke);
		roles.forEach((role, own) -> requireDecided("roles[%s].on-revoke".formatted(role), own.onRevoke()));
	}

	private static void requireDecided(String name, @Nullable OnRevoked value) {
		if (value == OnRevoked.AS_CONFIGURED) {
			throw new InvalidConfigurationPropertyValueException(PREFIX + name, value, "Must be finish or interrupt");
		}
	}

	/**
	 * Whether this process may campaign for a role.
	 * @param role the role
	 * @return {@code false} if it leaves the role to others
	 */
	public boolean isEnabled(String role) {
		RoleProperties own = this.roles.get(role);
		return own == null || own.enabled();
	}

	/**
	 * Whether to campaign for a role only while the application accepts traffic.
	 * @param role the role
	 * @return {@code true} if it does
	 */
	public boolean waitsForReady(String role) {
		RoleProperties own = this.roles.get(role);
		return (own != null && own.waitForReady() != null) ? own.waitForReady() : this.waitForReady;
	}

	/**
	 * What happens to running work when the leadership ends.
	 * @param role the role
	 * @param wanted what the work itself asks for
	 * @return {@code true} if it is interrupted
	 */
	public boolean interrupts(String role, OnRevoked wanted) {
		if (wanted != OnRevoked.AS_CONFIGURED) {
			return wanted == OnRevoked.INTERRUPT;
		}
		RoleProperties own = this.roles.get(role);
		return ((own != null && own.onRevoke() != null) ? own.onRevoke() : this.onRevoke) == OnRevoked.INTERRUPT;
	}

	/**
	 * Settings of a single role.
	 *
	 * @param enabled whether this process campaigns for it
	 * @param waitForReady whether to campaign only while the application accepts traffic;
	 * by default as for all roles
	 * @param onRevoke what happens to running work when the leadership ends; by default
	 * as for all roles
	 */
	public record RoleProperties(@DefaultValue("true") boolean enabled, @Nullable Boolean waitForReady,
			@Nullable OnRevoked onRevoke) {
	}

}
