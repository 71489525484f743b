package io.github.etcddiscovery.console;

import java.util.Collections;
import java.util.IdentityHashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;

import io.github.etcddiscovery.catalog.CatalogEntry;
import io.github.etcddiscovery.discovery.ServiceCatalog;
import io.github.etcddiscovery.instance.EtcdServiceInstance;
import io.github.etcddiscovery.instance.InstanceStatus;
import io.github.etcddiscovery.loadbalancer.Rotations;
import org.jspecify.annotations.Nullable;

/**
 * What the page of one service needs beside the state. Immutable.
 *
 * @param leases how long leases live on, by their ids in hexadecimal
 * @param treatments what this application does with instances, by key; of those that want
 * to be called and are not, or less often than the others
 * @param callers how many instances of which applications have announced that they call
 * it
 * @param calls whom it calls, and how many of its instances do
 * @param announced whether anybody has announced whom it calls
 */
record ServiceDetails(Map<String, ClusterView.Lease> leases, Map<String, Treatment> treatments,
		Map<String, Integer> callers, Map<String, Integer> calls, boolean announced) {

	static ServiceDetails of(Map<String, ClusterView.Lease> leases, ServiceCatalog catalog,
			@Nullable Rotations rotations, Callers callers, String service) {
		Set<EtcdServiceInstance> called = Collections.newSetFromMap(new IdentityHashMap<>());
		called.addAll(catalog.calledInstances(service));
		Map<String, Treatment> treatments = new LinkedHashMap<>();
		byKey(catalog.entries(service)).forEach((key, entry) -> {
			EtcdServiceInstance instance = entry.instance();
			if (instance.getStatus() == InstanceStatus.UP) {
				Treatment treatment = new Treatment(!called.contains(instance),
						rotations != null && rotations.isEjected(service, instance),
						(rotations != null) ? rotations.share(service, instance) : 1);
				if (!treatment.equals(Treatment.NONE)) {
					treatments.put(key, treatment);
				}
			}
		});
		return new ServiceDetails(leases, treatments, callers.of(service), callers.calls(service),
				!callers.all().isEmpty());
	}

	/**
	 * A key of Dubbo's or go-kratos' may hold several.
	 */
	static Map<String, CatalogEntry> byKey(List<CatalogEntry> entries) {
		Map<String, CatalogEntry> byKey = new LinkedHashMap<>();
		for (CatalogEntry entry : entries) {
			String key = entry.key();
			for (int i = 2; byKey.containsKey(key); i++) {
				key = entry.key() + "#" + i;
			}
			byKey.put(key, entry);
		}
		return byKey;
	}

	/**
	 * What this application does with an instance.
	 *
	 * @param leftOut whether a filter leaves it out, or another instance speaks for its
	 * address
	 * @param ejected whether it is not called for now, since no connection could be made
	 * @param share how often it is called while it is new, in comparison with others
	 */
	record Treatment(boolean leftOut, boolean ejected, double share) {

		static final Treatment NONE = new Treatment(false, false, 1);

	}

}
