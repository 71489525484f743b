package io.github.etcddiscovery.instance;

import java.util.List;

/**
 * What an instance may be, whichever codec has read it: everything that could make a
 * caller go elsewhere than to a host and a port, or take more room than instances do.
 *
 * @param networks where instances may be
 * @param perService how many keys of a service are read; those that come when there are
 * so many are passed over
 */
public record InstanceLimits(AllowedNetworks networks, int perService) {

	private static final int MAX_INSTANCES = 100;

	private static final int MAX_METADATA = 100;

	private static final int MAX_METADATA_NAME = 256;

	private static final int MAX_METADATA_VALUE = 8 * 1024;

	/**
	 * Instances may be everywhere, and are ten thousand for a service.
	 * @return the limits
	 */
	public static InstanceLimits defaults() {
		return new InstanceLimits(AllowedNetworks.of(List.of()), 10_000);
	}

	/**
	 * Check the instances that one value describes.
	 * @throws InvalidInstanceException if one of them is beyond a limit
	 */
	void check(InstanceKey key, List<EtcdServiceInstance> instances) {
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
		if (instance.getMetadata().size() > MAX_METADATA) {
			throw new InvalidInstanceException("it has more than %d metadata".formatted(MAX_METADATA));
		}
		instance.getMetadata().forEach((name, value) -> {
			if (name.length() > MAX_METADATA_NAME || (value != null && value.length() > MAX_METADATA_VALUE)) {
				throw new InvalidInstanceException("the metadata '%s' is longer than %d and %d characters"
					.formatted(EscapedText.of(name), MAX_METADATA_NAME, MAX_METADATA_VALUE));
			}
		});
	}

	/**
	 * A port that can't be read is no concern of those who call by HTTP.
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
