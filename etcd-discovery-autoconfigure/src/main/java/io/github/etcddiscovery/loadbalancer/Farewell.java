package io.github.etcddiscovery.loadbalancer;

import java.nio.charset.StandardCharsets;
import java.util.List;
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
		return of(instance.getServiceId(), String.valueOf(instance.getInstanceId()));
	}

	/**
	 * Whether a farewell is that of an instance as the catalog has it. Below an
	 * additional prefix its id has the prefix behind it, of which it does not know
	 * itself.
	 */
	static boolean isOf(ServiceInstance instance, List<String> prefixes, String farewell) {
		String id = String.valueOf(instance.getInstanceId());
		return farewell.equals(of(instance)) || prefixes.stream()
			.map((prefix) -> "@" + prefix)
			.filter(id::endsWith)
			.map((end) -> id.substring(0, id.length() - end.length()))
			.anyMatch((ownId) -> farewell.equals(of(instance.getServiceId(), ownId)));
	}

	private static String of(String serviceId, String instanceId) {
		String name = serviceId + "/" + instanceId;
		return UUID.nameUUIDFromBytes(name.getBytes(StandardCharsets.UTF_8)).toString();
	}

}
