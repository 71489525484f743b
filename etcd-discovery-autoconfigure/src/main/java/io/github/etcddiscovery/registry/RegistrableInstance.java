package io.github.etcddiscovery.registry;

import java.net.URI;
import java.net.URISyntaxException;
import java.util.regex.Pattern;

import io.github.etcddiscovery.instance.Addresses;
import io.github.etcddiscovery.instance.EscapedText;
import io.github.etcddiscovery.instance.EtcdServiceInstance;
import io.github.etcddiscovery.instance.InvalidInstanceException;
import org.jspecify.annotations.Nullable;

/**
 * What an instance must be like to be registered. Stricter than what is read: a name that
 * no URI can hold could never be called, and an id travels in cookies.
 */
final class RegistrableInstance {

	private static final Pattern ID = Pattern.compile("[A-Za-z0-9._~:@+-]{1,200}");

	private RegistrableInstance() {
	}

	static void require(EtcdServiceInstance instance) {
		requireServiceName(instance.getServiceId());
		requireInstanceId(instance.getInstanceId());
		Addresses.requireHost(instance.getHost());
		if (instance.getPort() < 1 || instance.getPort() > 65535) {
			throw new InvalidInstanceException("The port %d of service '%s' is not between 1 and 65535"
				.formatted(instance.getPort(), instance.getServiceId()));
		}
	}

	/**
	 * A name is registered only if it is the host of {@code http://<name>/}, as load
	 * balanced clients call it.
	 */
	static void requireServiceName(String name) {
		if (!name.equals(hostOf(name))) {
			throw new InvalidInstanceException(
					("The service name '%s' can't be the host of a URI. Use letters, digits, hyphens and dots, "
							+ "with a letter first and a letter or digit last")
						.formatted(EscapedText.of(name)));
		}
	}

	static void requireInstanceId(@Nullable String id) {
		if (id == null || !ID.matcher(id).matches()) {
			throw new InvalidInstanceException(
					"The instance id '%s' is not of 1 to 200 letters, digits and . _ - ~ : @ +"
						.formatted(EscapedText.of(String.valueOf(id))));
		}
	}

	private static @Nullable String hostOf(String name) {
		try {
			return new URI("http://" + name + "/").getHost();
		}
		catch (URISyntaxException ex) {
			return null;
		}
	}

}
