package io.github.etcddiscovery.tutorial;

import java.net.URI;
import java.util.List;

import org.springframework.cloud.client.ServiceInstance;
import org.springframework.cloud.client.discovery.DiscoveryClient;
import org.springframework.stereotype.Component;

@Component
class Addresses {

	private final DiscoveryClient discovery;

	Addresses(DiscoveryClient discovery) {
		this.discovery = discovery;
	}

	List<URI> of(String service) {
		return this.discovery.getInstances(service).stream().map(ServiceInstance::getUri).toList();
	}

}
