package io.github.etcddiscovery.discovery;

import java.time.Duration;

import io.github.etcddiscovery.catalog.HoldSettings;

import org.springframework.boot.context.properties.bind.DefaultValue;

/**
 * When instances that vanish without a goodbye are held for a while. If many vanish at
 * once, the cause is more likely etcd or the network than the instances.
 *
 * @param enabled whether such instances are held
 * @param threshold share of a service's instances that must vanish within ten seconds, at
 * least 0 and less than 1
 * @param minimumInstances how many instances a service must have; vanished instances of
 * smaller services are removed at once
 * @param duration how long an instance is held; an instance that refuses connections is
 * removed earlier
 */
public record HoldProperties(@DefaultValue("true") boolean enabled, @DefaultValue("0.5") double threshold,
		@DefaultValue("3") int minimumInstances, @DefaultValue("60s") Duration duration) {

	/**
	 * Validate the limits.
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
