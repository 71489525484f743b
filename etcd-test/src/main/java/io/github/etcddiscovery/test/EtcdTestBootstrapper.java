package io.github.etcddiscovery.test;

import io.github.etcddiscovery.client.EtcdConnectionDetails;

import org.springframework.boot.bootstrap.BootstrapRegistry;
import org.springframework.boot.bootstrap.BootstrapRegistry.InstanceSupplier;
import org.springframework.boot.bootstrap.BootstrapRegistryInitializer;

/**
 * Tells imports where the etcd of the test is, which otherwise only the context would
 * know.
 */
final class EtcdTestBootstrapper implements BootstrapRegistryInitializer {

	@Override
	public void initialize(BootstrapRegistry registry) {
		EtcdConnectionDetails details = EtcdTestServers.current();
		if (details != null) {
			registry.registerIfAbsent(EtcdConnectionDetails.class, InstanceSupplier.of(details));
		}
	}

}
