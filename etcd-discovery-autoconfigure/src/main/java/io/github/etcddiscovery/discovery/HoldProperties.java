package io.github.etcddiscovery.discovery;

import java.time.Duration;

import io.github.etcddiscovery.catalog.HoldSettings;

import org.springframework.boot.context.properties.bind.DefaultValue;

/**
 * When instances that vanish without a goodbye are held for a while. Many at once are
 * rather etcd's or the network's trouble than their own.
 *
 * @param enabled whether such instances are held at all
 * @param threshold share of a service that has to vanish within ten seconds, between 0
 * and 1
 * @param minimumInstances how many instances a service has to have; those of smaller ones
 * are let go at once
 * @param duration how long an instance is held; one that refuses connections is let go
 * earlier
 */
public record HoldProperties(@DefaultValue("true") boolean enabled, @DefaultValue("0.5") double threshold,
		@DefaultValue("3") int minimumInstances, @DefaultValue("60s") Duration duration) {

	/**
	 * Check the limits.
	 */
	public HoldProperties {
		EtcdDiscoveryProperties.require(threshold >= 0 && threshold < 1, "hold.threshold", threshold,
				"It must be at least 0 and less than 1");
		EtcdDiscoveryProperties.require(minimumInstances >= 1, "hold.minimum-instances", minimumInstances,
				"It must be at least 1");
		EtcdDiscoveryProperties.requireZeroOrAtLeast("hold.duration", duration, "1s");
	}

	HoldSettings settings() {
		return new HoldSettings(this.enabled, this.threshold, this.minimumInstances, this.duration);
	}

}
