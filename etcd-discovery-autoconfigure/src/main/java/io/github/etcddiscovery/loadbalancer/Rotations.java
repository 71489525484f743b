package io.github.etcddiscovery.loadbalancer;

import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;

import org.jspecify.annotations.Nullable;

import org.springframework.cloud.client.ServiceInstance;

/**
 * What load balancing does with instances beyond what the registry says of them, for
 * those who look. A service is known from the first call to it on. Safe for use by any
 * thread.
 */
public final class Rotations {

	private final Map<String, Rotation> byService = new ConcurrentHashMap<>();

	void put(String service, @Nullable Ejections ejections, @Nullable SlowStart slowStart) {
		this.byService.put(service, new Rotation(ejections, slowStart));
	}

	/**
	 * Whether an instance is not called for now, since no connection to it could be made.
	 * @param service the name of the service
	 * @param instance the instance, as the catalog has it
	 * @return whether it is ejected
	 */
	public boolean isEjected(String service, ServiceInstance instance) {
		Rotation rotation = this.byService.get(service);
		return rotation != null && rotation.ejections != null && rotation.ejections.has(instance);
	}

	/**
	 * How often an instance that is new is called, in comparison with the others.
	 * @param service the name of the service
	 * @param instance the instance
	 * @return from 0 to 1, which is the share of all that are not new
	 */
	public double share(String service, ServiceInstance instance) {
		Rotation rotation = this.byService.get(service);
		return (rotation != null && rotation.slowStart != null) ? Math.min(1, rotation.slowStart.share(instance)) : 1;
	}

	private record Rotation(@Nullable Ejections ejections, @Nullable SlowStart slowStart) {
	}

}
