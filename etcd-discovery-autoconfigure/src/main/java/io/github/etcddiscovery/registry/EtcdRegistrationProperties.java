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
 * @param serviceName name of the service; by default the application's name
 * @param instanceId id of this instance, unique within the service; by default the host
 * name and the port
 * @param hostname host name of this instance; by default the one that
 * 'spring.cloud.inetutils.*' finds
 * @param ipAddress IP address of this instance; by default the one in 'server.address',
 * unless a port is set, or else the one that 'spring.cloud.inetutils.*' finds
 * @param preferIpAddress whether callers get the IP address rather than the host name
 * @param port port that callers connect to; by default the port of the web server.
 * Applications without a web server and a gRPC server register only if this is set
 * @param scheme scheme that callers use, http or https; by default that of the web server
 * @param secure whether callers use https; an alternative to 'scheme'
 * @param metadata metadata of this instance, which callers can read
 * @param managementMetadata metadata of the management port, where that is registered
 * separately; it does not inherit the application's metadata
 * @param zone zone of this instance, for zone-based load balancing
 * @param weight weight of this instance, for weighted load balancing, between 0 and 1000;
 * an instance of weight 0 is not called while another has weight
 * @param initialStatus initial status of the instance; an instance that is not UP gets no
 * calls until its status is changed
 * @param format format of the registration in etcd: json, address (http://host:port at
 * the bare name of the service), grpc (etcd's naming for Go), go-zero, kratos, or the
 * name of a ServiceInstanceCodec bean; several formats, separated by commas, are each
 * written below a prefix of their own
 * @param formats settings for single formats, by name: 'prefix' is the prefix of the keys
 * in that format; with 'without-prefix' they have none
 * @param ttl time to live of the lease: how long the registration outlives an application
 * that has crashed. Whole seconds, at least 2
 * @param drain how long a stopping application waits between its goodbye and the shutdown
 * of its web server, so that callers learn of it; between 100ms and 5m, or 0s to not wait
 * @param failFast whether the start fails if the first attempt to register fails, for any
 * reason, instead of retrying in the background
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
	 * Validate the properties, as far as that is possible without etcd.
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
	 * @param byDefault whether callers use https if neither 'scheme' nor 'secure' is set
	 * @return {@code true} for https
	 */
	public boolean usesHttps(boolean byDefault) {
		if (this.scheme != null) {
			return this.scheme.equals("https");
		}
		return (this.secure != null) ? this.secure : byDefault;
	}

}
