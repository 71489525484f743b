package io.github.etcddiscovery.instance;

import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

import org.jspecify.annotations.Nullable;

/**
 * The format of etcd's Go client for gRPC's name resolution, byte for byte like Go's:
 * <pre class="code">
 * {"Op":0,"Addr":"10.1.2.3:9000","Metadata":{"zone":"a"}}
 * </pre> The address is that of gRPC, if the instance has a separate gRPC port. The
 * format has no status: an instance that is not {@code UP} is not in etcd.
 */
public final class GoNamingCodec implements ServiceInstanceCodec {

	private static final JsonShape SHAPE = new GoNamingShape();

	@Override
	public boolean recognizes(String value) {
		return value.startsWith("{\"Op\":");
	}

	@Override
	public List<EtcdServiceInstance> decode(InstanceKey key, String value) {
		return SHAPE.read(key, JsonFields.parse(value));
	}

	@Override
	public @Nullable String encode(EtcdServiceInstance instance) {
		if (instance.getStatus() != InstanceStatus.UP) {
			return null;
		}
		Map<String, String> metadata = new LinkedHashMap<>(instance.getMetadata());
		GrpcEndpoint endpoint = GrpcEndpoint.of(instance);
		if (endpoint.secure()) {
			metadata.put(GoNamingShape.SECURE, "true");
		}
		if (instance.isGrpcOnly() || endpoint.port() != instance.getPort()
				|| !endpoint.host().equals(instance.getHost())) {
			metadata.put(GoNamingShape.GRPC_ONLY, "true");
		}
		return "{\"Op\":0,\"Addr\":%s,\"Metadata\":%s}".formatted(
				GoJson.string(Address.hostAndPort(endpoint.host(), endpoint.port())),
				metadata.isEmpty() ? "null" : GoJson.object(metadata));
	}

}
