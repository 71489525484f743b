package io.github.etcddiscovery.tutorial;

import java.util.List;
import java.util.concurrent.CopyOnWriteArrayList;

import io.github.etcddiscovery.discovery.ServiceInstancesChangedEvent;

import org.springframework.context.event.EventListener;
import org.springframework.stereotype.Component;

@Component
class ServiceWatch {

	private final List<String> seen = new CopyOnWriteArrayList<>();

	@EventListener
	void onChange(ServiceInstancesChangedEvent event) {
		event.getAdded().forEach((instance) -> this.seen.add(instance.getUri() + " is there"));
		event.getUpdated().forEach((instance) -> this.seen.add("now " + instance.getUri()));
		event.getRemoved().forEach((instance) -> this.seen.add(instance.getUri() + " is gone"));
	}

	List<String> seen() {
		return this.seen;
	}

}
