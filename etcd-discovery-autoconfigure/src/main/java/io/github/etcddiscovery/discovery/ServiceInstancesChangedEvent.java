package io.github.etcddiscovery.discovery;

import java.util.List;

import io.github.etcddiscovery.instance.EtcdServiceInstance;

import org.springframework.context.ApplicationEvent;

/**
 * The instances of a service changed. Changes that come quickly after each other are told
 * as one; per service they are told in order. Published on a thread of the starter's own,
 * after the discovery clients know.
 */
public class ServiceInstancesChangedEvent extends ApplicationEvent {

	private final String serviceId;

	private final List<EtcdServiceInstance> added;

	private final List<EtcdServiceInstance> updated;

	private final List<EtcdServiceInstance> removed;

	/**
	 * Create an event.
	 * @param source who publishes it
	 * @param serviceId the name of the service
	 * @param added instances that were not there before
	 * @param updated instances whose address, status or metadata changed, as they are now
	 * @param removed instances that are gone, as they were
	 */
	public ServiceInstancesChangedEvent(Object source, String serviceId, List<EtcdServiceInstance> added,
			List<EtcdServiceInstance> updated, List<EtcdServiceInstance> removed) {
		super(source);
		this.serviceId = serviceId;
		this.added = List.copyOf(added);
		this.updated = List.copyOf(updated);
		this.removed = List.copyOf(removed);
	}

	/**
	 * The name of the service.
	 * @return the name
	 */
	public String getServiceId() {
		return this.serviceId;
	}

	/**
	 * Instances that were not there before.
	 * @return an immutable list
	 */
	public List<EtcdServiceInstance> getAdded() {
		return this.added;
	}

	/**
	 * Instances whose address, status or metadata changed.
	 * @return an immutable list of them as they are now
	 */
	public List<EtcdServiceInstance> getUpdated() {
		return this.updated;
	}

	/**
	 * Instances that are gone.
	 * @return an immutable list of them as they were
	 */
	public List<EtcdServiceInstance> getRemoved() {
		return this.removed;
	}

}
