package io.github.etcddiscovery.instance;

import java.util.List;

import org.jspecify.annotations.Nullable;

/**
 * What go-zero reads and writes: {@code host:port}, at the key of the service, a slash
 * and anything. Its callers speak gRPC, so it is the address of gRPC. It has no status,
 * no metadata and no scheme: what is not {@code UP} does not stand in etcd, and whether
 * TLS is spoken is for the caller to know.
 */
public final class GoZeroCodec implements ServiceInstanceCodec {

	private final AddressCodec addresses = new AddressCodec();

	@Override
	public boolean recognizes(String value) {
		return this.addresses.recognizes(value);
	}

	@Override
	public List<EtcdServiceInstance> decode(InstanceKey key, String value) {
		return this.addresses.decode(key, value);
	}

	@Override
	public @Nullable String encode(EtcdServiceInstance instance) {
		if (instance.getStatus() != InstanceStatus.UP) {
			return null;
		}
		GrpcEndpoint endpoint = GrpcEndpoint.of(instance);
		return Address.hostAndPort(endpoint.host(), endpoint.port());
	}

}
