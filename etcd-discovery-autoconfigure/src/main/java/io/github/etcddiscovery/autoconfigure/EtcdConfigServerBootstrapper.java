package io.github.etcddiscovery.autoconfigure;

import org.springframework.boot.bootstrap.BootstrapRegistry;
import org.springframework.boot.bootstrap.BootstrapRegistryInitializer;
import org.springframework.cloud.config.client.ConfigServerInstanceProvider;
import org.springframework.util.ClassUtils;

/**
 * Lets an application whose {@code spring.cloud.config.discovery.enabled} is set find its
 * config server in etcd, before there is an application context.
 */
final class EtcdConfigServerBootstrapper implements BootstrapRegistryInitializer {

	@Override
	public void initialize(BootstrapRegistry registry) {
		if (ClassUtils.isPresent("org.springframework.cloud.config.client.ConfigServerInstanceProvider", null)) {
			ConfigClient.initialize(registry);
		}
	}

	/**
	 * A class of its own, so that it is loaded only if Spring Cloud Config is present.
	 */
	private static final class ConfigClient {

		private static void initialize(BootstrapRegistry registry) {
			registry.registerIfAbsent(ConfigServerInstanceProvider.Function.class, ConfigServerInstances::new);
			registry.addCloseListener((event) -> {
				if (event.getBootstrapContext()
					.get(ConfigServerInstanceProvider.Function.class) instanceof ConfigServerInstances instances) {
					instances.bootstrapped(event.getApplicationContext());
				}
			});
		}

	}

}
