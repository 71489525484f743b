package io.github.etcddiscovery.autoconfigure;

import org.springframework.beans.factory.ObjectProvider;
import org.springframework.boot.context.event.ApplicationReadyEvent;
import org.springframework.cloud.client.discovery.event.InstanceRegisteredEvent;
import org.springframework.cloud.client.serviceregistry.AutoServiceRegistration;
import org.springframework.context.ApplicationContext;
import org.springframework.context.ApplicationListener;

/**
 * Says that discovery is at work in an application that does not register itself: Spring
 * Cloud's health indicators stay unknown until somebody does.
 */
final class ConsumerAnnouncer implements ApplicationListener<ApplicationReadyEvent> {

	private final ApplicationContext context;

	private final ObjectProvider<AutoServiceRegistration> registration;

	ConsumerAnnouncer(ApplicationContext context, ObjectProvider<AutoServiceRegistration> registration) {
		this.context = context;
		this.registration = registration;
	}

	@Override
	public void onApplicationEvent(ApplicationReadyEvent event) {
		if (event.getApplicationContext() == this.context && this.registration.getIfAvailable() == null) {
			this.context.publishEvent(new InstanceRegisteredEvent<>(this, this.context.getId()));
		}
	}

}
