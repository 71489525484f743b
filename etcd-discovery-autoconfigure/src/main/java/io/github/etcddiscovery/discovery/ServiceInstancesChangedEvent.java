package io.github.etcddiscovery.discovery;

import java.util.List;

import io.github.etcddiscovery.instance.EtcdServiceInstance;

import org.springframework.context.ApplicationEvent;

/**
 * The instances of a service have changed. Changes in quick succession are combined into
 * one event; the events of a service are in order. Published on a thread of the starter,
 * when the discovery clients already return the change.
 */
public class ServiceInstancesChangedEvent extends ApplicationEvent {

	private final String serviceId;

	private final List<EtcdServiceInstance> added;

	private final List<EtcdServiceInstance> updated;

	private final List<EtcdServiceInstance> removed;

	/**
	 * Create an event.
	 * @param source the publisher of the event
	 * @param serviceId the name of the service
	 * @param added new instances
	 * @param updated instances whose address, status or metadata changed, in their
	 * current form
	 * @param removed instances that are gone, in their last form
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
	 * The new instances.
	 * @return an immutable list
	 */
	public List<EtcdServiceInstance> getAdded() {
		return this.added;
	}

	/**
	 * The instances whose address, status or metadata changed.
	 * @return an immutable list of the instances in their current form
	 */
	public List<EtcdServiceInstance> getUpdated() {
		return this.updated;
	}

	/**
	 * The instances that are gone.
	 * @return an immutable list of the instances in their last form
	 */
	public List<EtcdServiceInstance> getRemoved() {
		return this.removed;
	}

}
