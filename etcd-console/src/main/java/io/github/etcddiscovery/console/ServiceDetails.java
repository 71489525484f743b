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
 * Additional data for the page of one service. Immutable.
 *
 * @param leases the remaining time of leases, by their ids in hexadecimal
 * @param treatments how this application treats instances, by key; only of UP instances
 * that are not called, or less often than others
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
	 * A key of Dubbo or Kratos may contain several instances.
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
	 * How this application treats an instance.
	 *
	 * @param leftOut whether a filter leaves it out, or another instance has the same
	 * address
	 * @param ejected whether it is not called for now because no connection could be made
	 * @param share how often it is called during its slow start, compared with others
	 */
	record Treatment(boolean leftOut, boolean ejected, double share) {

		static final Treatment NONE = new Treatment(false, false, 1);

	}

}
