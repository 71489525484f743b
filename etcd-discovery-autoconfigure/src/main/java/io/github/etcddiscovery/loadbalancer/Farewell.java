package io.github.etcddiscovery.loadbalancer;

import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.UUID;

import org.springframework.cloud.client.ServiceInstance;

/**
 * The goodbye that an instance sends in a header of its answers while it drains. It
 * reaches callers even when etcd is away or slow. An answer may pass through other
 * applications, so the header identifies the instance that is leaving; since it may also
 * leave the system, it does so by a hash and not by name.
 */
final class Farewell {

	static final String HEADER = "Etcd-Discovery-Farewell";

	private Farewell() {
	}

	static String of(ServiceInstance instance) {
		return of(instance.getServiceId(), String.valueOf(instance.getInstanceId()));
	}

	/**
	 * Whether a goodbye is that of an instance of the catalog. The catalog appends the
	 * prefix to ids below an additional prefix, which the instance itself does not know.
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
