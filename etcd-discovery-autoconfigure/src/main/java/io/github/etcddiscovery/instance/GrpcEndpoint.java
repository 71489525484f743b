package io.github.etcddiscovery.instance;

import java.util.Map;
import java.util.Set;

import io.github.etcddiscovery.core.EscapedText;
import org.jspecify.annotations.Nullable;

/**
 * Where an instance is called by gRPC: at the port in its metadata, at the address that
 * Kratos has written, or else at the registered port.
 *
 * @param host the host name or address; an IPv6 address without brackets
 * @param port the port
 * @param secure whether the instance declares that it speaks TLS there; the channel
 * decides whether it uses TLS
 */
public record GrpcEndpoint(String host, int port, boolean secure) {

	/**
	 * The metadata with the gRPC port, if that differs from the registered port.
	 * grpc-spring uses the same name.
	 */
	public static final String PORT = "gRPC_port";

	/**
	 * The metadata that is {@code true} if gRPC speaks TLS.
	 */
	public static final String SECURE = "gRPC_secure";

	/**
	 * The metadata with the host and port of gRPC, which represents the endpoint of
	 * Kratos.
	 */
	static final String ADDRESS = "grpc";

	/**
	 * Find the endpoint of an instance.
	 * @param instance the instance
	 * @return the endpoint
	 * @throws InvalidInstanceException if the metadata has an invalid port
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
	 * The address of Kratos, or {@code null} if the metadata has another meaning.
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
	 * Add metadata for gRPC at another host than the rest of the instance.
	 * @param metadata the metadata to change, which may contain the port already
	 * @param host the host of gRPC
	 * @param port the port of gRPC
	 */
	public static void describeElsewhere(Map<String, String> metadata, String host, int port) {
		metadata.remove(PORT);
		metadata.put(ADDRESS, Address.hostAndPort(host, port));
	}

	/**
	 * Remove the metadata for gRPC, for a format that has a field for it.
	 */
	static void undescribe(Map<String, String> metadata) {
		metadata.keySet().removeAll(Set.of(PORT, ADDRESS, SECURE));
	}

	/**
	 * Add this endpoint to metadata, unless the metadata has one already.
	 */
	void describe(Map<String, String> metadata) {
		metadata.putIfAbsent(ADDRESS, Address.hostAndPort(this.host, this.port));
		if (this.secure) {
			metadata.putIfAbsent(SECURE, "true");
		}
	}

}
