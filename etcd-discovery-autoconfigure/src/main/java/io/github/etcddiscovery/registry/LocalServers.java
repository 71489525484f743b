package io.github.etcddiscovery.registry;

/**
 * The servers of this application.
 *
 * @param web the web server, or {@link LocalServer#NONE}
 * @param management the management server, or {@link LocalServer#NONE} if it is the web
 * server or there is none
 */
public record LocalServers(LocalServer web, LocalServer management) {

	/**
	 * There is no server.
	 */
	public static final LocalServers NONE = new LocalServers(LocalServer.NONE, LocalServer.NONE);

	LocalServers withWeb(LocalServer server) {
		return new LocalServers(server, this.management);
	}

	LocalServers withManagement(LocalServer server) {
		return new LocalServers(this.web, server);
	}

}
