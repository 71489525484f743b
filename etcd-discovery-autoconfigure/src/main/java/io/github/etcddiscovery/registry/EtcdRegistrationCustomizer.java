package io.github.etcddiscovery.registry;

import io.github.etcddiscovery.instance.EtcdServiceInstance;

/**
 * Has the last word on what the application registers: beans of this type are asked, in
 * their order, right before it registers and after each refresh of its properties, for
 * the application and for its management port. What code changes later, by
 * {@link EtcdServiceRegistry#setMetadata} or {@link EtcdServiceRegistry#setStatus}, stays
 * as it was changed.
 */
@FunctionalInterface
public interface EtcdRegistrationCustomizer {

	/**
	 * Customize an instance.
	 * @param instance what is to be registered;
	 * {@link EtcdServiceInstance#isManagement()} tells the management port
	 * @return what is registered in its place; after the first time with the name and id
	 * that it had then
	 */
	EtcdServiceInstance customize(EtcdServiceInstance instance);

}
