package io.github.etcddiscovery.loadbalancer;

import java.time.Duration;
import java.util.Set;

import org.springframework.boot.context.properties.ConfigurationProperties;
import org.springframework.boot.context.properties.bind.DefaultValue;
import org.springframework.boot.context.properties.source.InvalidConfigurationPropertyValueException;

/**
 * How this application chooses among the instances of a service.
 *
 * @param enabled whether load balancing sees changes at once, instead of after Spring
 * Cloud LoadBalancer's cache of 35 seconds, and retries a call to a dead instance on
 * another one
 * @param ejectUnreachable whether this application leaves out an instance to which it
 * could not connect, until it can connect again or the registration changes
 * @param slowStart how long it takes until a new instance is called as often as the
 * others; 0s to call it as often from the start
 * @param leastRequest names of services for which the less loaded of two random instances
 * is called, instead of one instance after another; the load is the number of calls of
 * this application that have not been answered yet; '*' for all services
 */
@ConfigurationProperties("spring.cloud.etcd.loadbalancer")
public record EtcdLoadBalancerProperties(@DefaultValue("true") boolean enabled,
		@DefaultValue("true") boolean ejectUnreachable, @DefaultValue("0s") Duration slowStart,
		@DefaultValue Set<String> leastRequest) {

	/**
	 * Validate the limits.
	 */
	public EtcdLoadBalancerProperties {
		if (slowStart.isNegative()) {
			throw new InvalidConfigurationPropertyValueException("spring.cloud.etcd.loadbalancer.slow-start", slowStart,
					"It must not be negative");
		}
	}

}
