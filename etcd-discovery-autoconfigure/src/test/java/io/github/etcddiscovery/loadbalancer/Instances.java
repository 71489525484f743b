package io.github.etcddiscovery.loadbalancer;

import java.util.Map;

import io.github.etcddiscovery.instance.EtcdServiceInstance;
import io.github.etcddiscovery.instance.InstanceStatus;

import org.springframework.cloud.client.ServiceInstance;

/**
 * Instances for tests, told apart by their ports.
 */
final class Instances {

	static final ServiceInstance ONE = instance(1, Map.of());

	static final ServiceInstance TWO = instance(2, Map.of());

	static final ServiceInstance THREE = instance(3, Map.of());

	private Instances() {
	}

	static ServiceInstance instance(int port, Map<String, String> metadata) {
		return new EtcdServiceInstance("shop", "shop-" + port, "127.0.0.1", port, false, InstanceStatus.UP, metadata);
	}

}
