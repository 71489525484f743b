package io.github.etcddiscovery.loadbalancer;

import java.time.Duration;
import java.util.Set;

import org.springframework.boot.context.properties.ConfigurationProperties;
import org.springframework.boot.context.properties.bind.DefaultValue;
import org.springframework.boot.context.properties.source.InvalidConfigurationPropertyValueException;

/**
 * How this application chooses among the instances that it calls.
 *
 * @param enabled whether load balancing sees changes at once, in place of Spring Cloud
 * LoadBalancer's cache of 35 seconds, and tries a call that meets a dead instance on
 * another one
 * @param ejectUnreachable whether an instance that no connection could be made to is left
 * out, by this application alone, until a connection can be made again or the registry
 * says something new of it
 * @param slowStart how long it takes until a new instance is called as often as the
 * others; 0s to call it like them from the start
 * @param leastRequest names of services of which the less loaded of two instances is
 * called, by the calls of this application that have not been answered yet, in place of
 * one after another; '*' for all services
 */
@ConfigurationProperties("spring.cloud.etcd.loadbalancer")
public record EtcdLoadBalancerProperties(@DefaultValue("true") boolean enabled,
		@DefaultValue("true") boolean ejectUnreachable, @DefaultValue("0s") Duration slowStart,
		@DefaultValue Set<String> leastRequest) {

	/**
	 * Check the limits.
	 */
	public EtcdLoadBalancerProperties {
		if (slowStart.isNegative()) {
			throw new InvalidConfigurationPropertyValueException("spring.cloud.etcd.loadbalancer.slow-start", slowStart,
					"It must not be negative");
		}
	}

}
