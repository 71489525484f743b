package io.github.etcddiscovery.instance;

import java.util.Map;
import java.util.Set;

import io.github.etcddiscovery.core.EscapedText;
import org.jspecify.annotations.Nullable;

/**
 * Where an instance is called by gRPC: at the port that its metadata name, at the address
 * that Kratos has written for it, or else at the port that it has registered.
 *
 * @param host the host name or address; an IPv6 address without brackets
 * @param port the port
 * @param secure whether it says that it speaks TLS there; what a channel does is for the
 * channel to know
 */
public record GrpcEndpoint(String host, int port, boolean secure) {

	/**
	 * The metadata with the port that speaks gRPC, if it is another one than the
	 * registered port. It is what the users of grpc-spring have.
	 */
	public static final String PORT = "gRPC_port";

	/**
	 * The metadata that say with {@code true} that gRPC speaks TLS.
	 */
	public static final String SECURE = "gRPC_secure";

	/**
	 * The metadata with the host and port of gRPC, which stand for what Kratos writes.
	 */
	static final String ADDRESS = "grpc";

	/**
	 * Find the endpoint of an instance.
	 * @param instance the instance
	 * @return its endpoint
	 * @throws InvalidInstanceException if its metadata name no port
	 */
	public static GrpcEndpoint of(EtcdServiceInstance instance) {
		Map<String, String> metadata = instance.getMetadata();
		boolean secure = Boolean.parseBoolean(metadata.get(SECURE));
		String port = metadata.get(PORT);
		if (port != null) {
			int number = port(port);
			return new GrpcEndpoint(instance.getHost(), number,
					secure || number == instance.getPort() && instance.isSecure());
		}
		Address address = address(metadata);
		if (address != null) {
			return new GrpcEndpoint(address.host(), address.port(), secure);
		}
		return new GrpcEndpoint(instance.getHost(), instance.getPort(), instance.isSecure());
	}

	static GrpcEndpoint of(Address address) {
		return new GrpcEndpoint(address.host(), address.port(), address.secure());
	}

	/**
	 * The address that Kratos has written, or that somebody else has under this name.
	 */
	private static @Nullable Address address(Map<String, String> metadata) {
		String text = metadata.get(ADDRESS);
		try {
			return (text != null) ? Address.parse("grpc://" + text) : null;
		}
		catch (InvalidInstanceException ex) {
			return null;
		}
	}

	private static int port(String text) {
		try {
			return Addresses.requirePort(Integer.parseInt(text.strip()));
		}
		catch (NumberFormatException | InvalidInstanceException ex) {
			throw new InvalidInstanceException(
					"the metadata '%s' is '%s' and not a port".formatted(PORT, EscapedText.of(text)));
		}
	}

	/**
	 * Say in metadata that gRPC is at another host than the rest of the instance.
	 * @param metadata the metadata, which may name the port already
	 * @param host the host of gRPC
	 * @param port the port of gRPC
	 */
	public static void describeElsewhere(Map<String, String> metadata, String host, int port) {
		metadata.remove(PORT);
		metadata.put(ADDRESS, Address.hostAndPort(host, port));
	}

	/**
	 * Take out of metadata where gRPC is, for a format that says so elsewhere.
	 */
	static void undescribe(Map<String, String> metadata) {
		metadata.keySet().removeAll(Set.of(PORT, ADDRESS, SECURE));
	}

	/**
	 * Say it in metadata, unless they say it already.
	 */
	void describe(Map<String, String> metadata) {
		metadata.putIfAbsent(ADDRESS, Address.hostAndPort(this.host, this.port));
		if (this.secure) {
			metadata.putIfAbsent(SECURE, "true");
		}
	}

}
