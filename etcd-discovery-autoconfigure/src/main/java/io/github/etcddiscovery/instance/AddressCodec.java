package io.github.etcddiscovery.instance;

import java.util.List;
import java.util.Map;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

import org.jspecify.annotations.Nullable;

/**
 * A plain address, as a person or a small script writes it: {@code http://host:port} or
 * {@code host:port}.
 */
public final class AddressCodec implements ServiceInstanceCodec {

	private static final Pattern ADDRESS = Pattern.compile(
			"(?:(?<scheme>[A-Za-z][A-Za-z0-9+.-]*)://)?(?:\\[(?<ipv6>[^\\]]*)]|(?<host>[^/:?#\\s]+))(?::(?<port>\\d{1,9}))?/?");

	@Override
	public boolean recognizes(String value) {
		return !value.isBlank() && !value.stripLeading().startsWith("{");
	}

	@Override
	public List<EtcdServiceInstance> decode(InstanceKey key, String value) {
		Matcher address = ADDRESS.matcher(value.strip());
		if (!address.matches()) {
			throw new InvalidInstanceException(
					"'%s' is not an address like http://host:port".formatted(EscapedText.of(withoutUser(value))));
		}
		boolean secure = isSecure(address.group("scheme"));
		String host = (address.group("ipv6") != null) ? address.group("ipv6") : address.group("host");
		return List.of(new EtcdServiceInstance(key.service(), key.id(), Addresses.requireHost(host),
				Addresses.requirePort(port(address, secure)), secure, InstanceStatus.UP, Map.of()));
	}

	/**
	 * Whoever wrote a password into an address does not want to read it in a log.
	 */
	private static String withoutUser(String value) {
		return value.substring(value.lastIndexOf('@') + 1);
	}

	private static boolean isSecure(@Nullable String scheme) {
		if (scheme == null || scheme.equalsIgnoreCase("http")) {
			return false;
		}
		if (scheme.equalsIgnoreCase("https")) {
			return true;
		}
		throw new InvalidInstanceException(
				"the scheme '%s' is neither http nor https".formatted(EscapedText.of(scheme)));
	}

	private static int port(Matcher address, boolean secure) {
		String port = address.group("port");
		if (port != null) {
			return Integer.parseInt(port);
		}
		if (address.group("scheme") == null) {
			throw new InvalidInstanceException("the address has no port");
		}
		return secure ? 443 : 80;
	}

	@Override
	public String encode(EtcdServiceInstance instance) {
		return instance.getUri().toString();
	}

}
