package io.github.etcddiscovery.instance;

import java.util.List;
import java.util.Map;

import org.jspecify.annotations.Nullable;

/**
 * A plain address, as a person or a small script writes it: {@code http://host:port} or
 * {@code host:port}. This codec writes {@code http://host:port} at the bare name of the
 * service, where a script can look it up without knowing an id. The format has one
 * instance and no status: an instance that is not {@code UP} is not in etcd.
 */
public final class AddressCodec implements ServiceInstanceCodec {

	@Override
	public boolean recognizes(String value) {
		return !value.isBlank() && !value.stripLeading().startsWith("{");
	}

	@Override
	public List<EtcdServiceInstance> decode(InstanceKey key, String value) {
		if (isDubboDirectory(key, value)) {
			return List.of();
		}
		return List.of(Address.parse(value.strip()).toInstance(key, InstanceStatus.UP, Map.of()));
	}

	/**
	 * Whether a value is Dubbo's marker: its consumers write the hash of a service's key
	 * to the key itself, as a directory for instances.
	 */
	private static boolean isDubboDirectory(InstanceKey key, String value) {
		return key.instanceId() == null && value.equals(Integer.toString(key.toString().hashCode()));
	}

	@Override
	public InstanceKey key(String prefix, EtcdServiceInstance instance) {
		return new InstanceKey(prefix, instance.getServiceId(), null);
	}

	@Override
	public @Nullable String encode(EtcdServiceInstance instance) {
		return (instance.getStatus() == InstanceStatus.UP) ? instance.getUri().toString() : null;
	}

}
