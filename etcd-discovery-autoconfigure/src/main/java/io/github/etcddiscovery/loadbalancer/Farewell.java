package io.github.etcddiscovery.loadbalancer;

import java.nio.charset.StandardCharsets;
import java.util.UUID;

import org.springframework.cloud.client.ServiceInstance;

/**
 * The goodbye that an instance says in its answers while it drains. It reaches those who
 * call it also when etcd is away, or is slow to tell them. An answer may pass through
 * others on its way, so the header says whose goodbye it is; and since it may go far, it
 * does so without telling the name.
 */
final class Farewell {

	static final String HEADER = "Etcd-Discovery-Farewell";

	private Farewell() {
	}

	static String of(ServiceInstance instance) {
		String name = instance.getServiceId() + "/" + instance.getInstanceId();
		return UUID.nameUUIDFromBytes(name.getBytes(StandardCharsets.UTF_8)).toString();
	}

}
