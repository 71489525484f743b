package io.github.etcddiscovery.autoconfigure;

import org.springframework.beans.factory.ObjectProvider;
import org.springframework.boot.context.event.ApplicationReadyEvent;
import org.springframework.cloud.client.discovery.event.InstanceRegisteredEvent;
import org.springframework.cloud.client.serviceregistry.AutoServiceRegistration;
import org.springframework.context.ApplicationContext;
import org.springframework.context.ApplicationListener;

/**
 * Publishes the event for which Spring Cloud's health indicators wait, in an application
 * that does not register itself. An application that registers publishes it anyway,
 * possibly for several registries.
 */
final class ConsumerAnnouncer implements ApplicationListener<ApplicationReadyEvent> {

	private final ApplicationContext context;

	private final ObjectProvider<AutoServiceRegistration> registrations;

	ConsumerAnnouncer(ApplicationContext context, ObjectProvider<AutoServiceRegistration> registrations) {
		this.context = context;
		this.registrations = registrations;
	}

	@Override
	public void onApplicationEvent(ApplicationReadyEvent event) {
		if (event.getApplicationContext() == this.context && this.registrations.stream().findAny().isEmpty()) {
			this.context.publishEvent(new InstanceRegisteredEvent<>(this, this.context.getId()));
		}
	}

}
