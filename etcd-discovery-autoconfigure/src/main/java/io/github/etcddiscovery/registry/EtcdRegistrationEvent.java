package io.github.etcddiscovery.registry;

import org.springframework.context.ApplicationEvent;

/**
 * Something became of a registration of this application. Published on a thread of the
 * starter's own.
 */
public class EtcdRegistrationEvent extends ApplicationEvent {

	private final RegistrationChange change;

	/**
	 * Create an event.
	 * @param source who publishes it
	 * @param change what happened
	 */
	public EtcdRegistrationEvent(Object source, RegistrationChange change) {
		super(source);
		this.change = change;
	}

	/**
	 * What happened.
	 * @return the change
	 */
	public RegistrationChange getChange() {
		return this.change;
	}

}
