package io.github.etcddiscovery.sample;

import org.springframework.http.ResponseEntity;
import org.springframework.stereotype.Component;
import org.springframework.web.client.RestClient;

/**
 * Calls a service by its name and leaves the choice of the instance to the load balancer.
 */
@Component
class ServiceCaller {

	private final RestClient restClient;

	ServiceCaller(RestClient.Builder builder) {
		this.restClient = builder.build();
	}

	/**
	 * Asks an instance who it is. One that was killed stays listed until its lease ends;
	 * the load balancer then tries another one.
	 * @param service the name of the service
	 * @return the answer as it came
	 */
	ResponseEntity<byte[]> call(String service) {
		return this.restClient.get().uri("http://{service}/", service).retrieve().toEntity(byte[].class);
	}

}
