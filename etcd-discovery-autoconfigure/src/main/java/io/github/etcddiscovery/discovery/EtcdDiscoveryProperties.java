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
 * @param enabled whether services are registered and discovered in etcd
 * @param prefix beginning of all keys, without a slash at its end
 * @param additionalPrefixes beginnings of the keys that others register under, each
 * without a slash at its end; what stands below them is read and never written
 * @param syncTimeout how long look-ups wait for the first synchronisation with etcd,
 * counted from the start of the application
 * @param order order of this discovery client among others
 * @param watchScope whether all services are followed, or each one that is asked for
 * @param watchIdleTimeout how long a service is followed after it was last asked for, in
 * the scope of a service
 * @param checkInterval how often a watch is asked whether it is alive; 0 for never
 * @param auditInterval how often the mirror is compared with etcd; 0 for never
 * @param allowedNetworks networks that instances may be in, such as 10.0.0.0/8;
 * everywhere by default. With some, host names are refused, and link-local addresses too
 * unless a network of such is among them
 * @param maxInstancesPerService how many instances of a service are read; those that come
 * when there are so many are passed over
 * @param services what is different for single services, by name: 'key' is where a
 * service is registered that has no prefix, 'filter' the metadata that an instance must
 * have to be called
 * @param required services without which the application does not get ready: its start
 * waits until each of them has an instance to call
 * @param hold when instances that vanish without a goodbye are held
 * @param snapshot what is kept on disk for a start while etcd is away
 * @param listManagementServices whether the names that applications register their
 * management ports under are among the services; a look-up by name finds them in any case
 * @param overridesPrefix beginning of the keys at which operators override the status or
 * the weight of instances for a time, without a slash at its end
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
		@DefaultValue("false") boolean listManagementServices, @DefaultValue("overrides") String overridesPrefix) {

	private static final Duration SHORTEST_IDLE_TIMEOUT = Duration.ofSeconds(1);

	private static final String UNIT = "A number without a unit is in milliseconds";

	/**
	 * Check what can be checked before anything is asked of etcd.
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
		requirePrefix("overrides-prefix", overridesPrefix);
		requireApart("overrides-prefix", overridesPrefix,
				Stream.concat(Stream.of(prefix), additionalPrefixes.stream()).toList());
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
	 * Where instances are looked for.
	 * @return the places
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
	 * What the catalog goes by.
	 * @param origins which etcd it is, by its endpoints and namespace
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
	 * The metadata that instances must have to be called, by service.
	 * @return the filters that there are
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
	 * What instances may be.
	 * @return the limits
	 */
	public InstanceLimits limits() {
		return new InstanceLimits(AllowedNetworks.of(this.allowedNetworks), this.maxInstancesPerService);
	}

	private static void requirePrefix(String property, String prefix) {
		require(!prefix.isBlank(), property, prefix, "It must not be empty: all of etcd would be taken for services");
		require(!prefix.endsWith("/"), property, prefix, "It must not end with a slash: one is put behind it");
		require(prefix.codePoints().noneMatch(Character::isISOControl), property, prefix.strip(),
				"It must not have control characters");
	}

	/**
	 * A key that lay within two of them would belong to two services.
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
			require(apart, property, place, "It must not lie within '%s', nor the other way round".formatted(other));
		}
	}

	/**
	 * Shorter ones are rather meant in seconds.
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
