package io.github.etcddiscovery.registry;

import java.net.InetAddress;

import org.jspecify.annotations.Nullable;

/**
 * A server of this application, as it really listens.
 *
 * @param port its port, 0 if there is no server
 * @param secure whether it speaks TLS
 * @param address the one address that it listens on, if it is told one
 */
public record LocalServer(int port, boolean secure, @Nullable InetAddress address) {

	/**
	 * There is no server.
	 */
	public static final LocalServer NONE = new LocalServer(0, false, null);

}
