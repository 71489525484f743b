package io.github.etcddiscovery.registry;

import java.net.InetAddress;

import org.jspecify.annotations.Nullable;

/**
 * How a server of this application actually listens.
 *
 * @param port the port, or 0 if there is no server
 * @param secure whether the server speaks TLS
 * @param address the address that it is bound to, or {@code null} if it listens on all
 */
public record LocalServer(int port, boolean secure, @Nullable InetAddress address) {

	/**
	 * Stands for no server.
	 */
	public static final LocalServer NONE = new LocalServer(0, false, null);

}
