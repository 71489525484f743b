package io.github.etcddiscovery.coordination.leader;

import java.time.Duration;
import java.util.Map;

import org.jspecify.annotations.Nullable;

import org.springframework.boot.context.properties.ConfigurationProperties;
import org.springframework.boot.context.properties.bind.DefaultValue;
import org.springframework.boot.context.properties.source.InvalidConfigurationPropertyValueException;

/**
 * How this process takes part in elections.
 *
 * @param waitForReady whether it campaigns only while the application accepts traffic
 * @param onRevoke what becomes of work whose leadership ends: finish or interrupt
 * @param stepDownTimeout how long a leadership that is given up waits for handlers and
 * methods to finish before another process may lead
 * @param roles what is different for a role. Roles that are named here are campaigned for
 * from the start
 */
@ConfigurationProperties("spring.cloud.etcd.leader")
public record LeaderProperties(@DefaultValue("true") boolean waitForReady, @DefaultValue("finish") OnRevoked onRevoke,
		@DefaultValue("10s") Duration stepDownTimeout, @DefaultValue Map<String, RoleProperties> roles) {

	private static final String PREFIX = "spring.cloud.etcd.leader.";

	/**
	 * Check what was bound.
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
	 * Whether this process campaigns for a role at all.
	 * @param role the role
	 * @return {@code false} if it leaves the role to others
	 */
	public boolean isEnabled(String role) {
		RoleProperties own = this.roles.get(role);
		return own == null || own.enabled();
	}

	/**
	 * Whether it waits until the application accepts traffic.
	 * @param role the role
	 * @return {@code true} if it does
	 */
	public boolean waitsForReady(String role) {
		RoleProperties own = this.roles.get(role);
		return (own != null && own.waitForReady() != null) ? own.waitForReady() : this.waitForReady;
	}

	/**
	 * What becomes of work whose leadership ends.
	 * @param role the role
	 * @param wanted what the work says itself
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
	 * What is different for a role.
	 *
	 * @param enabled whether this process campaigns for it
	 * @param waitForReady whether it campaigns only while the application accepts
	 * traffic; by default as for all roles
	 * @param onRevoke what becomes of work whose leadership ends; by default as for all
	 * roles
	 */
	public record RoleProperties(@DefaultValue("true") boolean enabled, @Nullable Boolean waitForReady,
			@Nullable OnRevoked onRevoke) {
	}

}
