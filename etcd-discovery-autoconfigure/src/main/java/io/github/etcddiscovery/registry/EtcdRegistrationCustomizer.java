package io.github.etcddiscovery.registry;

import io.github.etcddiscovery.instance.EtcdServiceInstance;

/**
 * Callback to customize what the application registers. Beans of this type are called in
 * order, right before the application registers and after each refresh of its properties,
 * for the application and for its management port. Later changes by code, through
 * {@link EtcdServiceRegistry#setMetadata} or {@link EtcdServiceRegistry#setStatus}, are
 * kept.
 */
@FunctionalInterface
public interface EtcdRegistrationCustomizer {

	/**
	 * Customize an instance.
	 * @param instance the instance to register;
	 * {@link EtcdServiceInstance#isManagement()} identifies the management port
	 * @return the instance to register instead; its name and id must not change after the
	 * first call
	 */
	EtcdServiceInstance customize(EtcdServiceInstance instance);

}
