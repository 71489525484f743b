package io.github.etcddiscovery.registry;

/**
 * The servers of this application.
 *
 * @param web the web server, or {@link LocalServer#NONE}
 * @param management the management server, or {@link LocalServer#NONE} if there is none
 * or it is the web server
 */
public record LocalServers(LocalServer web, LocalServer management) {

	/**
	 * Stands for no servers.
	 */
	public static final LocalServers NONE = new LocalServers(LocalServer.NONE, LocalServer.NONE);

	LocalServers withWeb(LocalServer server) {
		return new LocalServers(server, this.management);
	}

	LocalServers withManagement(LocalServer server) {
		return new LocalServers(this.web, server);
	}

}
