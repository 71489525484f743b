package io.github.etcddiscovery.instance;

import java.util.List;

import org.jspecify.annotations.Nullable;

/**
 * The format of go-zero: {@code host:port}, at the key of the service, followed by a
 * slash and any text. Callers of go-zero speak gRPC, so the address is that of gRPC. The
 * format has no status, metadata or scheme: an instance that is not {@code UP} is not in
 * etcd, and the caller must know whether it speaks TLS.
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
