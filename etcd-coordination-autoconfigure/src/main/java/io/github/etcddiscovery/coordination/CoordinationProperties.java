package io.github.etcddiscovery.coordination;

import java.time.Duration;

import org.jspecify.annotations.Nullable;

import org.springframework.boot.context.properties.ConfigurationProperties;
import org.springframework.boot.context.properties.bind.DefaultValue;
import org.springframework.boot.context.properties.source.InvalidConfigurationPropertyValueException;
import org.springframework.util.StringUtils;

/**
 * Properties that leader election and locks have in common.
 *
 * @param enabled whether to enable leader election and locks
 * @param prefix the prefix of their keys in etcd; the keys of roles are below it in
 * leaders, those of locks in locks
 * @param id the value of the keys of this process, for people to read; by default the
 * name of the application, the host and the process id
 * @param shareLease whether the registration, leadership and locks of this process share
 * one lease, if the application registers itself
 * @param ttl time to live of a separate lease for leadership and locks, which is how long
 * they outlive a killed application; by default they share the lease of the registration,
 * or have one of 15 seconds
 * @param margin how long before the earliest expiry of its lease this process stops
 * leading and holding locks, to allow for clocks that run at different rates; by default
 * a tenth of the time to live, at least 1 second
 */
@ConfigurationProperties("spring.cloud.etcd.coordination")
public record CoordinationProperties(@DefaultValue("true") boolean enabled, @DefaultValue("coordination") String prefix,
		@Nullable String id, @DefaultValue("true") boolean shareLease, @Nullable Duration ttl,
		@Nullable Duration margin) {

	private static final String PREFIX = "spring.cloud.etcd.coordination.";

	private static final Duration DEFAULT_TTL = Duration.ofSeconds(15);

	private static final Duration SHORTEST_MARGIN = Duration.ofSeconds(1);

	/**
	 * Validate the properties.
	 */
	public CoordinationProperties {
		prefix = StringUtils.trimTrailingCharacter(prefix, '/');
		if (prefix.isBlank()) {
			throw invalid("prefix", prefix, "Must not be empty");
		}
		if (ttl != null && (ttl.compareTo(Duration.ofSeconds(2)) < 0 || ttl.toMillisPart() != 0)) {
			throw invalid("ttl", ttl, "Must be whole seconds, at least 2");
		}
		if (margin != null && margin.isNegative()) {
			throw invalid("margin", margin, "Must not be negative");
		}
	}

	/**
	 * Whether this process has one lease for everything.
	 * @return {@code true} if leadership and locks have the lease of the registration
	 */
	public boolean sharesLease() {
		return this.shareLease && this.ttl == null;
	}

	/**
	 * The time to live of a lease of their own.
	 * @return the time
	 */
	public Duration ttlOrDefault() {
		return (this.ttl != null) ? this.ttl : DEFAULT_TTL;
	}

	/**
	 * The margin before the expiry of a lease.
	 * @param leaseTtl its time to live
	 * @return the margin
	 */
	public Duration marginOf(Duration leaseTtl) {
		if (this.margin == null) {
			Duration tenth = leaseTtl.dividedBy(10);
			Duration least = leaseTtl.dividedBy(2);
			Duration usual = (tenth.compareTo(SHORTEST_MARGIN) > 0) ? tenth : SHORTEST_MARGIN;
			return (usual.compareTo(least) < 0) ? usual : least;
		}
		if (this.margin.compareTo(leaseTtl.dividedBy(2)) > 0) {
			throw invalid("margin", this.margin,
					"Must not be more than half the lease's time to live, which is %s".formatted(leaseTtl));
		}
		return this.margin;
	}

	private static InvalidConfigurationPropertyValueException invalid(String name, Object value, String reason) {
		return new InvalidConfigurationPropertyValueException(PREFIX + name, value, reason);
	}

}
