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
 * What a catalog goes by.
 *
 * @param places where instances stand
 * @param origins which etcd it is, by its endpoints and namespace: a snapshot on disk is
 * used if it has one of them in common
 * @param scope how much of them is followed
 * @param timing when the mirror is checked and audited
 * @param syncTimeout how long look-ups wait for the first synchronisation
 * @param idleTimeout how long a service is followed after the last look-up, if each is
 * followed by itself
 * @param hold when instances that vanished are held
 * @param snapshotFile where the catalog is kept on disk for a start while etcd is away,
 * or {@code null} if it is not kept
 * @param listManagementServices whether management ports are among the services
 * @param filters metadata that the instances of a service must have to be called, by
 * service
 */
public record CatalogSettings(InstancePlaces places, List<String> origins, WatchScope scope, MirrorTiming timing,
		Duration syncTimeout, Duration idleTimeout, HoldSettings hold, @Nullable Path snapshotFile,
		boolean listManagementServices, Map<String, Map<String, String>> filters) {

	/**
	 * Whether an instance is to be called at all.
	 */
	boolean isWanted(ServiceInstance instance) {
		Map<String, String> filter = this.filters.get(instance.getServiceId());
		Map<String, String> metadata = instance.getMetadata();
		return filter == null || (metadata != null && metadata.entrySet().containsAll(filter.entrySet()));
	}

	/**
	 * The defaults.
	 * @param prefix the prefix
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
