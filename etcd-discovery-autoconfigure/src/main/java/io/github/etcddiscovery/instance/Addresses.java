package io.github.etcddiscovery.instance;

import java.net.URI;
import java.net.URISyntaxException;
import java.util.regex.Pattern;

import io.github.etcddiscovery.core.EscapedText;
import io.netty.util.NetUtil;

/**
 * Validates hosts and ports from any source.
 */
public final class Addresses {

	private static final int MAX_LENGTH = 253;

	/**
	 * A host name or IPv4 address, with underscores as in Docker's names, but without
	 * user information, path or white space.
	 */
	private static final Pattern NAME = Pattern
		.compile("[A-Za-z0-9_]++(?:-++[A-Za-z0-9_]++)*+(?:\\.[A-Za-z0-9_]++(?:-++[A-Za-z0-9_]++)*+)*+\\.?");

	/**
	 * Many resolvers take a host that ends in a number for an IPv4 address: 2130706433 is
	 * 127.0.0.1.
	 */
	private static final Pattern ENDS_IN_A_NUMBER = Pattern.compile("(?:.*\\.)?(?:\\d++|0[xX][0-9A-Fa-f]*+)\\.?");

	private static final Pattern IPV6 = Pattern.compile("[0-9A-Fa-f:.]{2,45}");

	private Addresses() {
	}

	/**
	 * Check a host.
	 * @param host the host
	 * @return the host
	 * @throws InvalidInstanceException if the host is not a host name or an IP address
	 */
	public static String requireHost(String host) {
		if (host.length() > MAX_LENGTH || !(isName(host) || isIpv6(host))) {
			throw new InvalidInstanceException("'%s' is not a host name or address".formatted(EscapedText.of(host)));
		}
		return host;
	}

	private static boolean isName(String host) {
		return isPlainIpv4(host) || NAME.matcher(host).matches()
				&& (!ENDS_IN_A_NUMBER.matcher(host).matches() || NetUtil.isValidIpV4Address(host));
	}

	/**
	 * Whether a host is an IPv4 address as everybody writes it. Most hosts are, and there
	 * may be a hundred thousand.
	 */
	private static boolean isPlainIpv4(String host) {
		int dots = 0;
		int digits = 0;
		int number = 0;
		for (int i = 0; i < host.length(); i++) {
			char c = host.charAt(i);
			if (c == '.' && digits > 0 && dots < 3) {
				dots++;
				digits = 0;
				number = 0;
			}
			else if (c >= '0' && c <= '9' && (digits == 0 || number > 0)) {
				digits++;
				number = 10 * number + c - '0';
			}
			else {
				return false;
			}
			if (number > 255) {
				return false;
			}
		}
		return dots == 3 && digits > 0;
	}

	private static boolean isIpv6(String host) {
		try {
			return IPV6.matcher(host).matches() && new URI("http://[" + host + "]").getHost() != null;
		}
		catch (URISyntaxException ex) {
			return false;
		}
	}

	/**
	 * Check a port.
	 * @param port the port
	 * @return the port
	 * @throws InvalidInstanceException if the port is not between 1 and 65535
	 */
	public static int requirePort(int port) {
		if (port < 1 || port > 65535) {
			throw new InvalidInstanceException("port %d is not between 1 and 65535".formatted(port));
		}
		return port;
	}

}
