package io.github.etcddiscovery.catalog;

import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Map;

import io.github.etcddiscovery.instance.InstancePlaces;
import io.github.etcddiscovery.watch.MirrorTiming;
import org.jspecify.annotations.Nullable;

import org.springframework.cloud.client.ServiceInstance;

/**
 * The settings of a catalog.
 *
 * @param places the prefixes and keys of instances
 * @param origins identify etcd, by its endpoints and namespace: a snapshot file is used
 * if it has one of them in common
 * @param scope whether all services are followed or only those that are looked up
 * @param timing how often mirrors are checked and audited
 * @param syncTimeout how long look-ups wait for the first synchronisation
 * @param idleTimeout how long a service is followed after its last look-up, with
 * {@link WatchScope#SERVICE}
 * @param hold when instances that vanished are held
 * @param snapshotFile the snapshot file for a start while etcd is away, or {@code null}
 * for none
 * @param listManagementServices whether the list of services includes management ports
 * @param filters metadata that the instances of a service must have to be called, by
 * service
 */
public record CatalogSettings(InstancePlaces places, List<String> origins, WatchScope scope, MirrorTiming timing,
		Duration syncTimeout, Duration idleTimeout, HoldSettings hold, @Nullable Path snapshotFile,
		boolean listManagementServices, Map<String, Map<String, String>> filters) {

	/**
	 * Whether an instance passes the filter of its service.
	 */
	boolean isWanted(ServiceInstance instance) {
		Map<String, String> filter = this.filters.get(instance.getServiceId());
		Map<String, String> metadata = instance.getMetadata();
		return filter == null || (metadata != null && metadata.entrySet().containsAll(filter.entrySet()));
	}

	/**
	 * The default settings.
	 * @param prefix the prefix, without a trailing slash
	 * @param requestTimeout how long etcd may take to set a watch up
	 * @param syncTimeout how long look-ups wait for the first synchronisation
	 * @return the settings
	 */
	public static CatalogSettings defaults(String prefix, Duration requestTimeout, Duration syncTimeout) {
		return new CatalogSettings(InstancePlaces.below(prefix), List.of(), WatchScope.PREFIX,
				MirrorTiming.of(requestTimeout), syncTimeout, Duration.ofMinutes(10), HoldSettings.defaults(), null,
				false, Map.of());
	}

}
