package io.github.etcddiscovery.grpc;

import java.util.Map;
import java.util.Objects;

import io.grpc.Attributes;

import org.springframework.cloud.client.ServiceInstance;

/**
 * The attributes of addresses, which a load-balancing policy of the application can read
 * with {@code EquivalentAddressGroup.getAttributes()}.
 */
public final class GrpcAttributes {

	/**
	 * The instance, with all its metadata.
	 */
	public static final Attributes.Key<ServiceInstance> INSTANCE = Attributes.Key
		.create("io.github.etcddiscovery.instance");

	/**
	 * The zone of the instance, if its metadata has one.
	 */
	public static final Attributes.Key<String> ZONE = Attributes.Key.create("io.github.etcddiscovery.zone");

	/**
	 * The weight of the instance, if its metadata has one that is a number of at least 0.
	 */
	public static final Attributes.Key<Integer> WEIGHT = Attributes.Key.create("io.github.etcddiscovery.weight");

	private GrpcAttributes() {
	}

	static Attributes of(ServiceInstance instance) {
		Attributes.Builder attributes = Attributes.newBuilder().set(INSTANCE, instance);
		Map<String, String> metadata = Objects.requireNonNullElse(instance.getMetadata(), Map.of());
		String zone = metadata.get("zone");
		if (zone != null) {
			attributes.set(ZONE, zone);
		}
		String weight = metadata.get("weight");
		if (weight != null && weight.matches("\\d{1,9}")) {
			attributes.set(WEIGHT, Integer.valueOf(weight));
		}
		return attributes.build();
	}

}
