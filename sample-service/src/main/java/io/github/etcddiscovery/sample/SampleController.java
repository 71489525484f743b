package io.github.etcddiscovery.sample;

import java.net.URI;
import java.util.Comparator;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;

import io.github.etcddiscovery.discovery.EtcdDiscoveryClient;
import io.github.etcddiscovery.instance.EtcdServiceInstance;
import io.github.etcddiscovery.instance.InstanceStatus;
import org.jspecify.annotations.Nullable;

import org.springframework.cloud.client.serviceregistry.Registration;
import org.springframework.http.HttpStatus;
import org.springframework.http.MediaType;
import org.springframework.http.ResponseEntity;
import org.springframework.web.bind.annotation.GetMapping;
import org.springframework.web.bind.annotation.PathVariable;
import org.springframework.web.bind.annotation.RestController;
import org.springframework.web.client.ResourceAccessException;
import org.springframework.web.client.RestClientResponseException;
import org.springframework.web.server.ResponseStatusException;

/**
 * Says who this instance is, which services it sees, and calls one of them.
 */
@RestController
class SampleController {

	private final Registration registration;

	private final EtcdDiscoveryClient discoveryClient;

	private final ServiceCaller serviceCaller;

	SampleController(Registration registration, EtcdDiscoveryClient discoveryClient, ServiceCaller serviceCaller) {
		this.registration = registration;
		this.discoveryClient = discoveryClient;
		this.serviceCaller = serviceCaller;
	}

	/**
	 * Tells who answers.
	 * @return this instance as it is registered
	 */
	@GetMapping("/")
	Self self() {
		return new Self(this.registration.getServiceId(), this.registration.getInstanceId(),
				this.registration.getPort());
	}

	/**
	 * Tells what this instance sees, whatever the status of the instances.
	 * @return the registered instances by the name of their service
	 */
	@GetMapping("/services")
	Map<String, List<Peer>> services() {
		Map<String, List<Peer>> services = new TreeMap<>();
		for (String serviceId : this.discoveryClient.getServices()) {
			services.put(serviceId,
					this.discoveryClient.getRegisteredInstances(serviceId)
						.stream()
						.map(Peer::of)
						.sorted(Comparator.comparing(Peer::uri))
						.toList());
		}
		return services;
	}

	/**
	 * Calls an instance of a service, chosen by the load balancer.
	 * @param service the name of the service
	 * @return what that instance answered
	 */
	@GetMapping("/call/{service}")
	ResponseEntity<byte[]> call(@PathVariable String service) {
		if (this.discoveryClient.getRegisteredInstances(service).isEmpty()) {
			throw problem(HttpStatus.NOT_FOUND, "No instance of service '%s' is registered.", service);
		}
		if (this.discoveryClient.getInstances(service).isEmpty()) {
			throw problem(HttpStatus.SERVICE_UNAVAILABLE, "No instance of service '%s' is up.", service);
		}
		try {
			ResponseEntity<byte[]> answer = this.serviceCaller.call(service);
			MediaType contentType = answer.getHeaders().getContentType();
			return ResponseEntity.ok()
				.contentType((contentType != null) ? contentType : MediaType.APPLICATION_OCTET_STREAM)
				.body(answer.getBody());
		}
		catch (RestClientResponseException ex) {
			throw problem(HttpStatus.BAD_GATEWAY, "An instance of service '%s' answered with an error.", service);
		}
		catch (ResourceAccessException | IllegalStateException ex) {
			throw problem(HttpStatus.SERVICE_UNAVAILABLE, "No instance of service '%s' can be reached.", service);
		}
	}

	private static ResponseStatusException problem(HttpStatus status, String sentence, String service) {
		return new ResponseStatusException(status, sentence.formatted(service));
	}

	/**
	 * The instance that answers.
	 *
	 * @param service the name of its service
	 * @param instanceId its id
	 * @param port the port it listens on
	 */
	record Self(String service, @Nullable String instanceId, int port) {

	}

	/**
	 * An instance as it is seen in etcd.
	 *
	 * @param instanceId its id
	 * @param uri where it is called
	 * @param status whether it takes calls
	 * @param metadata what it tells about itself
	 */
	record Peer(@Nullable String instanceId, URI uri, InstanceStatus status, Map<String, String> metadata) {

		static Peer of(EtcdServiceInstance instance) {
			return new Peer(instance.getInstanceId(), instance.getUri(), instance.getStatus(), instance.getMetadata());
		}

	}

}
