package io.github.etcddiscovery.registry;

import java.time.Duration;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;

import io.github.etcddiscovery.instance.InstanceLimits;
import io.github.etcddiscovery.instance.InstanceStatus;
import org.jspecify.annotations.Nullable;

import org.springframework.boot.context.properties.ConfigurationProperties;
import org.springframework.boot.context.properties.bind.DefaultValue;
import org.springframework.boot.context.properties.source.InvalidConfigurationPropertyValueException;

/**
 * How this application registers itself.
 *
 * @param register whether this application registers itself
 * @param serviceName name of the service; the application's name by default
 * @param instanceId id of this instance, unique within the service; made of the host name
 * and the port by default
 * @param hostname host name of this instance; found by 'spring.cloud.inetutils.*' by
 * default
 * @param ipAddress IP address of this instance; by default the one in 'server.address',
 * unless a port is set, or else found by 'spring.cloud.inetutils.*'
 * @param preferIpAddress whether callers are given the IP address rather than the host
 * name
 * @param port port that callers are given; the port of the web server by default.
 * Applications without a web server and a gRPC server register only when it is set
 * @param scheme scheme that callers use, http or https; by default what the web server
 * speaks
 * @param secure whether callers use https; another way to set the scheme
 * @param metadata metadata that callers see
 * @param managementMetadata metadata of the management port where it is registered by
 * itself; what the application says of itself does not stand there
 * @param zone zone of this instance, for zone-based load balancing
 * @param weight weight of this instance, for weighted load balancing; at most 1000, 0 for
 * none
 * @param initialStatus status that the application is first registered with; one that is
 * not UP gets no calls until its status is set
 * @param format what is written to etcd: json, address (http://host:port at the bare name
 * of the service), grpc (etcd's naming for Go), go-zero, kratos, or the name of a
 * ServiceInstanceCodec bean; several for others to find it as well, each below a prefix
 * of its own
 * @param formats what is different for single formats, by name: 'prefix' is the beginning
 * of the keys in that format, which have none with 'without-prefix'
 * @param ttl time to live of the lease: how long the registration outlives an application
 * that has died. In whole seconds, at least 2
 * @param drain how long a stopping application, after it has told others, waits for them
 * to hear it before its web server begins to shut down; between 100ms and 5m, or 0s for
 * not at all
 * @param failFast whether the start fails when the first try to register fails, for
 * whatever reason, instead of retrying in the background
 */
@ConfigurationProperties("spring.cloud.etcd.discovery")
public record EtcdRegistrationProperties(@DefaultValue("true") boolean register, @Nullable String serviceName,
		@Nullable String instanceId, @Nullable String hostname, @Nullable String ipAddress,
		@DefaultValue("true") boolean preferIpAddress, @Nullable Integer port, @Nullable String scheme,
		@Nullable Boolean secure, @DefaultValue Map<String, String> metadata,
		@DefaultValue Map<String, String> managementMetadata, @Nullable String zone, @Nullable Integer weight,
		@DefaultValue("up") InstanceStatus initialStatus, @DefaultValue("json") List<String> format,
		@DefaultValue Map<String, FormatProperties> formats, @DefaultValue("15s") Duration ttl,
		@DefaultValue("1s") Duration drain, @DefaultValue("false") boolean failFast) {

	private static final String PREFIX = "spring.cloud.etcd.discovery.";

	private static final Duration SHORTEST_DRAIN = Duration.ofMillis(100);

	private static final Duration LONGEST_DRAIN = Duration.ofMinutes(5);

	/**
	 * Check what can be checked before anything is asked of etcd.
	 */
	public EtcdRegistrationProperties {
		metadata = new LinkedHashMap<>(metadata);
		managementMetadata = new LinkedHashMap<>(managementMetadata);
		scheme = (scheme != null) ? scheme.toLowerCase(Locale.ROOT) : null;
		format = List.copyOf(format);
		formats = Map.copyOf(formats);
		require(ttl.compareTo(Duration.ofSeconds(2)) >= 0 && ttl.toMillisPart() == 0, "ttl", ttl,
				"It must be in whole seconds and at least 2s, etcd's own minimum with its default election timeout. "
						+ "A number without a unit is in milliseconds");
		require(drain.isZero() || drain.compareTo(SHORTEST_DRAIN) >= 0 && drain.compareTo(LONGEST_DRAIN) <= 0, "drain",
				drain, "It must be between 100ms and 5m, or 0s. A number without a unit is in milliseconds");
		require(port == null || port >= 0 && port <= 65535, "port", port, "It must be between 0 and 65535");
		require(weight == null || weight >= 0 && weight <= InstanceLimits.MAX_WEIGHT, "weight", weight,
				"It must be between 0 and %d".formatted(InstanceLimits.MAX_WEIGHT));
		require(scheme == null || scheme.equals("http") || scheme.equals("https"), "scheme", scheme,
				"It must be http or https");
		require(scheme == null || secure == null || secure == scheme.equals("https"), "secure", secure,
				"It contradicts '%sscheme', which is %s".formatted(PREFIX, scheme));
	}

	private static void require(boolean condition, String property, @Nullable Object value, String rule) {
		if (!condition) {
			throw new InvalidConfigurationPropertyValueException(PREFIX + property, value, rule);
		}
	}

	/**
	 * Whether callers use https.
	 * @param byDefault whether they do if nothing is set
	 * @return {@code true} for https
	 */
	public boolean usesHttps(boolean byDefault) {
		if (this.scheme != null) {
			return this.scheme.equals("https");
		}
		return (this.secure != null) ? this.secure : byDefault;
	}

}
