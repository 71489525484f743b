package io.github.etcddiscovery.autoconfigure;

import org.springframework.beans.factory.ObjectProvider;
import org.springframework.boot.context.event.ApplicationReadyEvent;
import org.springframework.cloud.client.discovery.event.InstanceRegisteredEvent;
import org.springframework.cloud.client.serviceregistry.AutoServiceRegistration;
import org.springframework.context.ApplicationContext;
import org.springframework.context.ApplicationListener;

/**
 * Says that discovery is at work in an application that does not register itself: Spring
 * Cloud's health indicators stay unknown until somebody does. Who registers says it, and
 * with two registries side by side there are several who do.
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
