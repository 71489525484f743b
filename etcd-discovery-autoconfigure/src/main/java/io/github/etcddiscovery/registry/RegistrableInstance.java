package io.github.etcddiscovery.registry;

import java.net.URI;
import java.net.URISyntaxException;
import java.nio.charset.StandardCharsets;
import java.util.Map;
import java.util.regex.Pattern;

import io.github.etcddiscovery.core.EscapedText;
import io.github.etcddiscovery.instance.Addresses;
import io.github.etcddiscovery.instance.EtcdServiceInstance;
import io.github.etcddiscovery.instance.InstanceLimits;
import io.github.etcddiscovery.instance.InvalidInstanceException;
import org.jspecify.annotations.Nullable;

/**
 * Validates an instance before it is registered. The rules include those of the readers,
 * since an instance that they refuse would be registered in vain. Further rules apply:
 * name and host must fit into a URI, or the instance could never be called, and the id
 * must fit into a cookie.
 */
final class RegistrableInstance {

	private static final Pattern ID = Pattern.compile("[A-Za-z0-9._~:@+-]{1,200}");

	private static final int MAX_NAME = 253;

	private RegistrableInstance() {
	}

	static void require(EtcdServiceInstance instance) {
		requireServiceName(instance.getServiceId());
		requireInstanceId(instance.getInstanceId());
		requireHost(instance.getHost());
		if (instance.getPort() < 1 || instance.getPort() > 65535) {
			throw new InvalidInstanceException("The port %d of service '%s' is not between 1 and 65535"
				.formatted(instance.getPort(), instance.getServiceId()));
		}
		requireMetadata(instance.getMetadata());
	}

	/**
	 * A service name must be the host of {@code http://<name>/}, the URI that
	 * load-balanced clients use.
	 */
	static void requireServiceName(String name) {
		if (!isUriHost(name)) {
			throw new InvalidInstanceException(
					("The service name '%s' can't be the host of a URI. Use letters, digits, hyphens and dots, "
							+ "with a letter first and a letter or digit last")
						.formatted(EscapedText.of(name)));
		}
		if (name.length() > MAX_NAME) {
			throw new InvalidInstanceException(
					"The service name '%s' is longer than %d characters".formatted(EscapedText.of(name), MAX_NAME));
		}
	}

	static void requireInstanceId(@Nullable String id) {
		if (id == null || !ID.matcher(id).matches()) {
			throw new InvalidInstanceException(
					"The instance id '%s' is not of 1 to 200 letters, digits and . _ - ~ : @ +"
						.formatted(EscapedText.of(String.valueOf(id))));
		}
	}

	/**
	 * A host must fit into a URI, and must identify this machine to others.
	 */
	static void requireHost(String host) {
		Addresses.requireHost(host);
		if (!isUriHost(host.contains(":") ? "[" + host + "]" : host)) {
			throw new InvalidInstanceException(
					("The host '%s' can't be the host of a URI, so no application could call it. "
							+ "Use letters, digits, hyphens and dots; underscores are not among them")
						.formatted(EscapedText.of(host)));
		}
		if (host.equals("0.0.0.0") || host.matches("[0:]+")) {
			throw new InvalidInstanceException(
					"The host '%s' stands for all addresses of a machine: it is where a server listens, not where it is called"
						.formatted(host));
		}
	}

	static boolean isUriHost(String host) {
		try {
			return host.equals(new URI("http://" + host + "/").getHost());
		}
		catch (URISyntaxException ex) {
			return false;
		}
	}

	static void requireMetadata(Map<String, String> metadata) {
		requireMetadataCount(metadata);
		metadata.forEach(RegistrableInstance::requireMetadata);
	}

	static void requireMetadataCount(Map<String, String> metadata) {
		readable(() -> InstanceLimits.requireMetadataCount(metadata), "Set fewer");
	}

	static void requireMetadata(String name, @Nullable String value) {
		if (value == null) {
			throw new InvalidInstanceException("The metadata '%s' has no value".formatted(EscapedText.of(name)));
		}
		readable(() -> InstanceLimits.requireMetadata(name, value), "Shorten it");
		if (!isText(name) || !isText(value)) {
			throw new InvalidInstanceException(
					"The metadata '%s' has characters that UTF-8 does not have".formatted(EscapedText.of(name)));
		}
		if (name.equals("weight") && !isWeight(value)) {
			throw new InvalidInstanceException("The metadata 'weight' is '%s', not a whole number between 0 and %d"
				.formatted(EscapedText.of(value), InstanceLimits.MAX_WEIGHT));
		}
	}

	/**
	 * Validate an encoded instance, in any format.
	 */
	static void requireValue(String value) {
		readable(() -> InstanceLimits.requireValue(value), "Shorten its metadata");
	}

	private static void readable(Runnable check, String fix) {
		try {
			check.run();
		}
		catch (InvalidInstanceException ex) {
			throw new InvalidInstanceException(
					"No application would read the instance: %s. %s".formatted(ex.getMessage(), fix));
		}
	}

	private static boolean isText(String text) {
		return text.indexOf('\uFFFD') < 0 && StandardCharsets.UTF_8.newEncoder().canEncode(text);
	}

	private static boolean isWeight(String value) {
		return value.matches("\\d{1,9}") && Integer.parseInt(value) <= InstanceLimits.MAX_WEIGHT;
	}

}
