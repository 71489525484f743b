package io.github.etcddiscovery.instance;

import java.util.Locale;
import java.util.Map;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

import io.github.etcddiscovery.core.EscapedText;

/**
 * An address as text: {@code http://host:port}, {@code https://host:port},
 * {@code grpc://host:port}, {@code grpcs://host:port} or {@code host:port}.
 *
 * @param secure whether callers use TLS
 * @param host the host name or address; an IPv6 address without brackets
 * @param port the port
 * @param grpcOnly whether only gRPC is spoken at the address
 */
record Address(boolean secure, String host, int port, boolean grpcOnly) {

	private static final Pattern ADDRESS = Pattern.compile(
			"(?:(?<scheme>[A-Za-z][A-Za-z0-9+.-]*)://)?(?:\\[(?<ipv6>[^\\]]*)]|(?<host>[^/:?#\\s]+))(?::(?<port>\\d{1,9}))?/?");

	Address(boolean secure, String host, int port) {
		this(secure, host, port, false);
	}

	/**
	 * Parse an address.
	 * @param text the text
	 * @return the address
	 * @throws InvalidInstanceException if the text is not an address
	 */
	static Address parse(String text) {
		Matcher address = ADDRESS.matcher(text);
		if (!address.matches()) {
			throw new InvalidInstanceException(
					"'%s' is not an address like http://host:port".formatted(EscapedText.of(withoutUser(text))));
		}
		String name = address.group("scheme");
		Scheme scheme = Scheme.of((name != null) ? name.toLowerCase(Locale.ROOT) : null);
		String host = (address.group("ipv6") != null) ? address.group("ipv6") : address.group("host");
		return new Address(scheme.secure(), Addresses.requireHost(host), Addresses.requirePort(port(address, scheme)),
				scheme.grpcOnly());
	}

	/**
	 * Remove user information, which may contain a password, before the address is
	 * logged.
	 */
	private static String withoutUser(String text) {
		return text.substring(text.lastIndexOf('@') + 1);
	}

	private static int port(Matcher address, Scheme scheme) {
		String port = address.group("port");
		if (port != null) {
			return Integer.parseInt(port);
		}
		if (address.group("scheme") == null || scheme.grpcOnly()) {
			throw new InvalidInstanceException("the address has no port");
		}
		return scheme.secure() ? 443 : 80;
	}

	/**
	 * Join host and port, as Go does.
	 * @param host the host
	 * @param port the port
	 * @return {@code host:port}, with an IPv6 address in brackets
	 */
	static String hostAndPort(String host, int port) {
		return (host.contains(":") ? "[" + host + "]" : host) + ":" + port;
	}

	EtcdServiceInstance toInstance(InstanceKey key, InstanceStatus status, Map<String, String> metadata) {
		return new EtcdServiceInstance(key.service(), key.id(), this.host, this.port, this.secure, status, metadata,
				this.grpcOnly);
	}

}
