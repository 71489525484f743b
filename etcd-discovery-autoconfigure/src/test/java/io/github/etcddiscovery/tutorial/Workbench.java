package io.github.etcddiscovery.tutorial;

import java.util.Map;

import io.github.etcddiscovery.registry.EtcdRegistration;
import io.github.etcddiscovery.registry.EtcdServiceRegistry;

import org.springframework.stereotype.Component;

@Component
class Workbench {

	private final EtcdServiceRegistry registry;

	private final EtcdRegistration registration;

	Workbench(EtcdServiceRegistry registry, EtcdRegistration registration) {
		this.registry = registry;
		this.registration = registration;
	}

	void label(String version) {
		this.registry.setMetadata(this.registration, Map.of("version", version));
	}

	void close() {
		this.registry.setStatus(this.registration, "OUT_OF_SERVICE");
	}

	void open() {
		this.registry.setStatus(this.registration, "UP");
	}

}
