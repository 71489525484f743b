package io.github.etcddiscovery.registry;

import io.github.etcddiscovery.instance.EtcdServiceInstance;

/**
 * Makes what the application registers, from its properties as they are at the time. Safe
 * for use by any thread.
 */
public interface RegistrationSource {

	/**
	 * What is known before the application's servers have started.
	 * @return the instance, without what can only be known later, such as a port that is
	 * chosen at random
	 */
	EtcdServiceInstance preview();

	/**
	 * The application.
	 * @param servers the servers that have started
	 * @return the instance; its port is 0 if there is none to register
	 */
	EtcdServiceInstance application(LocalServers servers);

	/**
	 * The application's management port.
	 * @param application the application's own instance
	 * @param server the management server
	 * @return the instance
	 */
	EtcdServiceInstance management(EtcdServiceInstance application, LocalServer server);

}
