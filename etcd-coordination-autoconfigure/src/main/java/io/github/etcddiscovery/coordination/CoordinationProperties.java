package io.github.etcddiscovery.coordination;

import java.time.Duration;

import org.jspecify.annotations.Nullable;

import org.springframework.boot.context.properties.ConfigurationProperties;
import org.springframework.boot.context.properties.bind.DefaultValue;
import org.springframework.boot.context.properties.source.InvalidConfigurationPropertyValueException;
import org.springframework.util.StringUtils;

/**
 * What leader election and locks stand on.
 *
 * @param enabled whether there are elections and locks
 * @param prefix where their keys stand in etcd: those of roles below it at leaders, those
 * of locks at locks
 * @param id what the keys of this process hold, for people; by default the name of the
 * application, the host and the process id
 * @param shareLease whether registration, leadership and locks of this process hang on
 * one lease, where there is a registration
 * @param ttl time to live of a lease for leadership and locks alone: how long they
 * outlive an application that is killed; by default they have the lease of the
 * registration, or one of 15 seconds
 * @param margin how long before its lease can end this process stops to be the leader and
 * to hold locks, for clocks that do not run at the same rate; by default a tenth of the
 * time to live, but at least 1 second
 */
@ConfigurationProperties("spring.cloud.etcd.coordination")
public record CoordinationProperties(@DefaultValue("true") boolean enabled, @DefaultValue("coordination") String prefix,
		@Nullable String id, @DefaultValue("true") boolean shareLease, @Nullable Duration ttl,
		@Nullable Duration margin) {

	private static final String PREFIX = "spring.cloud.etcd.coordination.";

	private static final Duration DEFAULT_TTL = Duration.ofSeconds(15);

	private static final Duration SHORTEST_MARGIN = Duration.ofSeconds(1);

	/**
	 * Check what was bound.
	 */
	public CoordinationProperties {
		prefix = StringUtils.trimTrailingCharacter(prefix, '/');
		if (prefix.isBlank()) {
			throw invalid("prefix", prefix, "Must name a place in etcd");
		}
		if (ttl != null && (ttl.compareTo(Duration.ofSeconds(2)) < 0 || ttl.toMillisPart() != 0)) {
			throw invalid("ttl", ttl, "Must be whole seconds, 2 at least");
		}
		if (margin != null && margin.isNegative()) {
			throw invalid("margin", margin, "Must not be negative");
		}
	}

	/**
	 * Whether this process has one lease for all.
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
	 * The margin under a lease.
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
