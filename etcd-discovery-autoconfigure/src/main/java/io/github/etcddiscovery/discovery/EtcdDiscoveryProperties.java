package io.github.etcddiscovery.discovery;

import java.time.Duration;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;

import io.github.etcddiscovery.catalog.CatalogSettings;
import io.github.etcddiscovery.catalog.WatchScope;
import io.github.etcddiscovery.instance.AllowedNetworks;
import io.github.etcddiscovery.instance.InstanceLimits;
import io.github.etcddiscovery.instance.InstancePlaces;
import io.github.etcddiscovery.watch.MirrorTiming;
import org.jspecify.annotations.Nullable;

import org.springframework.boot.context.properties.ConfigurationProperties;
import org.springframework.boot.context.properties.NestedConfigurationProperty;
import org.springframework.boot.context.properties.bind.DefaultValue;
import org.springframework.boot.context.properties.source.InvalidConfigurationPropertyValueException;
import org.springframework.boot.convert.DurationStyle;

/**
 * How services are discovered.
 *
 * @param enabled whether to register and discover services in etcd
 * @param prefix prefix of all registrations, without a trailing slash
 * @param additionalPrefixes additional prefixes below which other applications register,
 * each without a trailing slash; keys below them are only read
 * @param syncTimeout how long look-ups wait for the first synchronisation with etcd,
 * measured from the start of the application
 * @param order order of this discovery client among others
 * @param watchScope whether to follow all services, or only those that are looked up
 * @param watchIdleTimeout how long to follow a service after its last look-up, if
 * 'watch-scope' is 'service'
 * @param checkInterval interval at which a watch is checked for signs of life; 0 to
 * disable
 * @param auditInterval interval at which a mirror is compared with etcd; 0 to disable
 * @param allowedNetworks networks that addresses of instances must belong to, such as
 * 10.0.0.0/8; by default any network. If set, instances with host names are refused, and
 * so are link-local addresses unless a link-local network is listed
 * @param maxInstancesPerService maximum number of instances of a service; further ones
 * are passed over
 * @param services settings for single services, by name: 'key' is the key of a service
 * that is registered without a prefix, 'filter' the metadata that an instance must have
 * to be called
 * @param required services without which the application does not become ready: its start
 * waits until each of them has an instance to call
 * @param hold when instances that vanish without a goodbye are held
 * @param snapshot snapshot file for a start while etcd is away
 * @param listManagementServices whether the list of services contains those of management
 * ports; a look-up by name finds them in any case
 * @param overridesPrefix prefix of the keys of overrides, with which operators change the
 * status or the weight of an instance for a time; without a trailing slash
 * @param announceCalls whether this application announces which services it looks up, at
 * a key of its own below 'consumers-prefix'; the console shows who calls whom from it
 * @param consumersPrefix prefix of the keys at which applications announce whom they
 * call; without a trailing slash
 */
@ConfigurationProperties("spring.cloud.etcd.discovery")
public record EtcdDiscoveryProperties(@DefaultValue("true") boolean enabled, @DefaultValue("services") String prefix,
		@DefaultValue List<String> additionalPrefixes, @DefaultValue("5s") Duration syncTimeout,
		@DefaultValue("0") int order, @DefaultValue("prefix") WatchScope watchScope,
		@DefaultValue("10m") Duration watchIdleTimeout, @DefaultValue("3s") Duration checkInterval,
		@DefaultValue("5m") Duration auditInterval, @DefaultValue List<String> allowedNetworks,
		@DefaultValue("10000") int maxInstancesPerService, @DefaultValue Map<String, ServiceProperties> services,
		@DefaultValue List<String> required, @NestedConfigurationProperty @DefaultValue HoldProperties hold,
		@NestedConfigurationProperty @DefaultValue SnapshotProperties snapshot,
		@DefaultValue("false") boolean listManagementServices, @DefaultValue("overrides") String overridesPrefix,
		@DefaultValue("false") boolean announceCalls, @DefaultValue("consumers") String consumersPrefix) {

	private static final Duration SHORTEST_IDLE_TIMEOUT = Duration.ofSeconds(1);

	private static final String UNIT = "A number without a unit is in milliseconds";

	/**
	 * Validate the properties, as far as that is possible without etcd.
	 */
	public EtcdDiscoveryProperties {
		requirePrefix("prefix", prefix);
		additionalPrefixes = List.copyOf(additionalPrefixes);
		requireApart(prefix, additionalPrefixes);
		requireZeroOrAtLeast("sync-timeout", syncTimeout, "100ms");
		requireZeroOrAtLeast("check-interval", checkInterval, "1s");
		requireZeroOrAtLeast("audit-interval", auditInterval, "1s");
		require(watchIdleTimeout.compareTo(SHORTEST_IDLE_TIMEOUT) >= 0, "watch-idle-timeout", watchIdleTimeout,
				"It must be at least 1s. " + UNIT);
		allowedNetworks = List.copyOf(allowedNetworks);
		requireNetworks(allowedNetworks);
		require(maxInstancesPerService > 0, "max-instances-per-service", maxInstancesPerService,
				"It must be at least 1");
		services = Map.copyOf(services);
		required = List.copyOf(required);
		requireOwnKeys(prefix, additionalPrefixes, services);
		List<String> places = Stream.concat(Stream.of(prefix), additionalPrefixes.stream()).toList();
		requirePrefix("overrides-prefix", overridesPrefix);
		requireApart("overrides-prefix", overridesPrefix, places);
		requirePrefix("consumers-prefix", consumersPrefix);
		requireApart("consumers-prefix", consumersPrefix,
				Stream.concat(places.stream(), Stream.of(overridesPrefix)).toList());
	}

	private static void requireNetworks(List<String> networks) {
		try {
			AllowedNetworks.of(networks);
		}
		catch (IllegalArgumentException ex) {
			require(false, "allowed-networks", String.join(",", networks), String.valueOf(ex.getMessage()));
		}
	}

	/**
	 * The keys at which instances are looked for.
	 * @return the prefixes and single keys
	 */
	public InstancePlaces places() {
		Map<String, String> keys = new HashMap<>();
		this.services.forEach((name, service) -> {
			if (service.key() != null) {
				keys.put(name, service.key());
			}
		});
		return new InstancePlaces(this.prefix, this.additionalPrefixes, keys);
	}

	/**
	 * The settings of the catalog.
	 * @param origins identify etcd, by its endpoints and namespace
	 * @param requestTimeout how long etcd may take to set a watch up
	 * @return the settings
	 */
	public CatalogSettings catalogSettings(List<String> origins, Duration requestTimeout) {
		return new CatalogSettings(places(), origins, this.watchScope,
				new MirrorTiming(requestTimeout, this.checkInterval, this.auditInterval), this.syncTimeout,
				this.watchIdleTimeout, this.hold.settings(), this.snapshot.enabled() ? this.snapshot.file() : null,
				this.listManagementServices, filters());
	}

	/**
	 * The metadata that instances must have to be called.
	 * @return the configured filters, by service
	 */
	private Map<String, Map<String, String>> filters() {
		Map<String, Map<String, String>> filters = new HashMap<>();
		this.services.forEach((name, service) -> {
			if (!service.filter().isEmpty()) {
				filters.put(name, service.filter());
			}
		});
		return filters;
	}

	/**
	 * The limits for instances that are read.
	 * @return the limits
	 */
	public InstanceLimits limits() {
		return new InstanceLimits(AllowedNetworks.of(this.allowedNetworks), this.maxInstancesPerService);
	}

	private static void requirePrefix(String property, String prefix) {
		require(!prefix.isBlank(), property, prefix, "It must not be empty: all keys of etcd would count as services");
		require(!prefix.endsWith("/"), property, prefix, "It must not end with a slash: the starter appends one");
		require(prefix.codePoints().noneMatch(Character::isISOControl), property, prefix.strip(),
				"It must not have control characters");
	}

	/**
	 * Refuse prefixes and keys within each other, since a key below both would belong to
	 * two services.
	 */
	private static void requireApart(String prefix, List<String> additionalPrefixes) {
		List<String> others = new ArrayList<>(List.of(prefix));
		for (String additional : additionalPrefixes) {
			requirePrefix("additional-prefixes", additional);
			requireApart("additional-prefixes", additional, others);
			others.add(additional);
		}
	}

	private static void requireOwnKeys(String prefix, List<String> additionalPrefixes,
			Map<String, ServiceProperties> services) {
		List<String> others = new ArrayList<>(additionalPrefixes);
		others.add(prefix);
		services.forEach((name, service) -> {
			if (service.key() != null) {
				String property = ServiceProperties.propertyOf(name, "key");
				require(!name.isEmpty() && !name.contains("/"), property, service.key(),
						"The name of the service must not have a slash");
				requirePrefix(property, service.key());
				requireApart(property, service.key(), others);
				others.add(service.key());
			}
		});
	}

	private static void requireApart(String property, String place, List<String> others) {
		for (String other : others) {
			boolean apart = !(place + "/").startsWith(other + "/") && !(other + "/").startsWith(place + "/");
			require(apart, property, place, "It must not lie within '%s', nor contain it".formatted(other));
		}
	}

	/**
	 * Refuse very short durations, which were probably meant in seconds.
	 */
	static void requireZeroOrAtLeast(String property, Duration value, String shortest) {
		require(value.isZero() || value.compareTo(DurationStyle.SIMPLE.parse(shortest)) >= 0, property, value,
				"It must be 0 or at least %s. %s".formatted(shortest, UNIT));
	}

	static void require(boolean condition, String property, @Nullable Object value, String rule) {
		if (!condition) {
			throw new InvalidConfigurationPropertyValueException("spring.cloud.etcd.discovery." + property, value,
					rule);
		}
	}

}
