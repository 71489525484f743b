package io.github.etcddiscovery.test;

import io.github.etcddiscovery.client.EtcdConnectionDetails;

import org.springframework.boot.bootstrap.BootstrapRegistry;
import org.springframework.boot.bootstrap.BootstrapRegistry.InstanceSupplier;
import org.springframework.boot.bootstrap.BootstrapRegistryInitializer;

/**
 * Gives imports the connection details of the test's etcd, which otherwise only the
 * context would have.
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
