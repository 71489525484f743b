package io.github.etcddiscovery.instance;

import java.util.regex.Pattern;

/**
 * What a host and a port may be, wherever they come from.
 */
public final class Addresses {

	/**
	 * A host name or IPv4 address, an underscore allowed as Docker's names have it, or an
	 * IPv6 address: never user information, a path or white space.
	 */
	private static final Pattern HOST = Pattern
		.compile("(?!-)[A-Za-z0-9._-]{1,253}(?<!-)|(?=.*:.*:)[0-9A-Fa-f:.]{2,45}");

	private Addresses() {
	}

	/**
	 * Check a host.
	 * @param host the host
	 * @return the host
	 * @throws InvalidInstanceException if it is not a host name or address
	 */
	public static String requireHost(String host) {
		if (!HOST.matcher(host).matches()) {
			throw new InvalidInstanceException("'%s' is not a host name or address".formatted(EscapedText.of(host)));
		}
		return host;
	}

	/**
	 * Check a port.
	 * @param port the port
	 * @return the port
	 * @throws InvalidInstanceException if it is not between 1 and 65535
	 */
	public static int requirePort(int port) {
		if (port < 1 || port > 65535) {
			throw new InvalidInstanceException("port %d is not between 1 and 65535".formatted(port));
		}
		return port;
	}

}
