package io.github.etcddiscovery.instance;

import java.util.List;
import java.util.Map;

import io.github.etcddiscovery.core.EscapedText;
import org.jspecify.annotations.Nullable;

/**
 * What an instance may be, whichever codec has read it: everything that could make a
 * caller go elsewhere than to a host and a port, or take more room than instances do.
 *
 * @param networks where instances may be
 * @param perService how many keys of a service are read; those that come when there are
 * so many are passed over
 */
public record InstanceLimits(AllowedNetworks networks, int perService) {

	/**
	 * The largest weight: load balancing adds up the weights of a service, and makes a
	 * list as long as their sum.
	 */
	public static final int MAX_WEIGHT = 1000;

	private static final int MAX_INSTANCES = 100;

	/**
	 * An instance is some hundred bytes; what is a hundred times larger is not one.
	 */
	private static final int MAX_VALUE_LENGTH = 64 * 1024;

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
	 * @param key where it stands
	 * @param instances the instances
	 * @throws InvalidInstanceException if one of them is beyond a limit
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
	 * Check where an instance is.
	 * @param host its host name or address
	 * @throws InvalidInstanceException if it is outside of the networks
	 */
	public void requireAllowed(String host) {
		this.networks.requireAllowed(host);
	}

	/**
	 * Check how many metadata an instance has.
	 * @param metadata the metadata
	 * @throws InvalidInstanceException if there are too many
	 */
	public static void requireMetadataCount(Map<String, String> metadata) {
		if (metadata.size() > MAX_METADATA) {
			throw new InvalidInstanceException("it has more than %d metadata".formatted(MAX_METADATA));
		}
	}

	/**
	 * Check one of an instance's metadata.
	 * @param name its name
	 * @param value its value, if it has one
	 * @throws InvalidInstanceException if one of the two is too long
	 */
	public static void requireMetadata(String name, @Nullable String value) {
		if (name.length() > MAX_METADATA_NAME || (value != null && value.length() > MAX_METADATA_VALUE)) {
			throw new InvalidInstanceException("the metadata '%s' is longer than %d and %d characters"
				.formatted(EscapedText.of(name), MAX_METADATA_NAME, MAX_METADATA_VALUE));
		}
	}

	/**
	 * Check a value before anything is looked for in it.
	 * @param value the value
	 * @throws InvalidInstanceException if it is too long or not text
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
