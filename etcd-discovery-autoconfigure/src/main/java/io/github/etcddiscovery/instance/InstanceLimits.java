package io.github.etcddiscovery.instance;

import java.util.List;
import java.util.Map;

import io.github.etcddiscovery.core.EscapedText;
import org.jspecify.annotations.Nullable;

/**
 * Limits for instances of all formats. They refuse everything that could lead a caller
 * anywhere but to a host and a port, or that takes more memory than an instance should.
 *
 * @param networks the networks in which instances may be
 * @param perService how many keys of a service are read at most; further ones are passed
 * over
 */
public record InstanceLimits(AllowedNetworks networks, int perService) {

	/**
	 * The largest weight. Load balancers may add up the weights of a service, and
	 * allocate a list as long as their sum.
	 */
	public static final int MAX_WEIGHT = 1000;

	private static final int MAX_INSTANCES = 100;

	/**
	 * The largest value, a hundred times as large as a usual instance.
	 */
	private static final int MAX_VALUE_LENGTH = 64 * 1024;

	private static final int MAX_METADATA = 100;

	private static final int MAX_METADATA_NAME = 256;

	private static final int MAX_METADATA_VALUE = 8 * 1024;

	/**
	 * The default limits: any network, and 10,000 instances for each service.
	 * @return the limits
	 */
	public static InstanceLimits defaults() {
		return new InstanceLimits(AllowedNetworks.of(List.of()), 10_000);
	}

	/**
	 * Check the instances that one value describes.
	 * @param key the key of the value
	 * @param instances the instances
	 * @throws InvalidInstanceException if an instance exceeds a limit
	 */
	public void check(InstanceKey key, List<EtcdServiceInstance> instances) {
		if (instances.size() > MAX_INSTANCES) {
			throw new InvalidInstanceException(
					"the value has %d instances, more than %d".formatted(instances.size(), MAX_INSTANCES));
		}
		instances.forEach((instance) -> check(key, instance));
	}

	private void check(InstanceKey key, EtcdServiceInstance instance) {
		if (!key.service().equals(instance.getServiceId())) {
			throw new InvalidInstanceException("the value is of service '%s', the key says '%s'"
				.formatted(EscapedText.of(instance.getServiceId()), EscapedText.of(key.service())));
		}
		this.networks.requireAllowed(Addresses.requireHost(instance.getHost()));
		Addresses.requirePort(instance.getPort());
		requireAllowedGrpc(instance);
		requireMetadataCount(instance.getMetadata());
		instance.getMetadata().forEach(InstanceLimits::requireMetadata);
	}

	/**
	 * Check the host of an instance.
	 * @param host the host name or IP address
	 * @throws InvalidInstanceException if the host is outside the networks
	 */
	public void requireAllowed(String host) {
		this.networks.requireAllowed(host);
	}

	/**
	 * Check the number of an instance's metadata entries.
	 * @param metadata the metadata
	 * @throws InvalidInstanceException if there are too many
	 */
	public static void requireMetadataCount(Map<String, String> metadata) {
		if (metadata.size() > MAX_METADATA) {
			throw new InvalidInstanceException("it has more than %d metadata entries".formatted(MAX_METADATA));
		}
	}

	/**
	 * Check one metadata entry.
	 * @param name the name
	 * @param value the value, or {@code null} if it has none
	 * @throws InvalidInstanceException if one of the two is too long
	 */
	public static void requireMetadata(String name, @Nullable String value) {
		if (name.length() > MAX_METADATA_NAME || (value != null && value.length() > MAX_METADATA_VALUE)) {
			throw new InvalidInstanceException("the metadata '%s' is longer than %d and %d characters"
				.formatted(EscapedText.of(name), MAX_METADATA_NAME, MAX_METADATA_VALUE));
		}
	}

	/**
	 * Check a value before it is parsed.
	 * @param value the value
	 * @throws InvalidInstanceException if the value is too long or not text
	 */
	public static void requireValue(String value) {
		if (value.length() > MAX_VALUE_LENGTH) {
			throw new InvalidInstanceException("the value has more than %d characters".formatted(MAX_VALUE_LENGTH));
		}
		if (value.indexOf(InstanceKey.NOT_UTF_8) >= 0) {
			throw new InvalidInstanceException("the value is not UTF-8");
		}
	}

	/**
	 * Check the gRPC endpoint of an instance. An invalid gRPC port is ignored, since it
	 * does not affect callers by HTTP.
	 */
	private void requireAllowedGrpc(EtcdServiceInstance instance) {
		String host;
		try {
			host = GrpcEndpoint.of(instance).host();
		}
		catch (InvalidInstanceException ex) {
			return;
		}
		this.networks.requireAllowed(host);
	}

}
