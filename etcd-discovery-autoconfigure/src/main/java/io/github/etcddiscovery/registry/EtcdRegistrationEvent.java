package io.github.etcddiscovery.registry;

import org.springframework.context.ApplicationEvent;

/**
 * The state of a registration of this application has changed. Published on a thread of
 * the starter.
 */
public class EtcdRegistrationEvent extends ApplicationEvent {

	private final RegistrationChange change;

	/**
	 * Create an event.
	 * @param source the publisher of the event
	 * @param change the change
	 */
	public EtcdRegistrationEvent(Object source, RegistrationChange change) {
		super(source);
		this.change = change;
	}

	/**
	 * The change of the registration.
	 * @return the change
	 */
	public RegistrationChange getChange() {
		return this.change;
	}

}
