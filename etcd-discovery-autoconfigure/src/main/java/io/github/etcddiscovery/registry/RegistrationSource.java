package io.github.etcddiscovery.registry;

import io.github.etcddiscovery.instance.EtcdServiceInstance;

/**
 * Makes the instances that the application registers, from its current properties. Safe
 * for use by any thread.
 */
public interface RegistrationSource {

	/**
	 * The application's instance before its servers have started.
	 * @return the instance, without properties that are known only later, such as a
	 * random port
	 */
	EtcdServiceInstance preview();

	/**
	 * The application's instance.
	 * @param servers the servers that have started
	 * @return the instance; its port is 0 if there is no port to register
	 */
	EtcdServiceInstance application(LocalServers servers);

	/**
	 * The instance of the application's management port.
	 * @param application the application's own instance
	 * @param server the management server
	 * @return the instance
	 */
	EtcdServiceInstance management(EtcdServiceInstance application, LocalServer server);

}
