package io.github.etcddiscovery.instance;

import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

import org.jspecify.annotations.Nullable;

/**
 * The format of Kratos, byte for byte like Go's: <pre class="code">
 * {"id":"8f14","name":"orders","version":"v1","metadata":{},
 *  "endpoints":["http://10.1.2.3:8000","grpc://10.1.2.3:9000"]}
 * </pre> The version and the gRPC endpoint are written from the metadata to which they
 * are converted when read. The format has no status: an instance that is not {@code UP}
 * is not in etcd.
 */
public final class KratosCodec implements ServiceInstanceCodec {

	private static final KratosShape SHAPE = new KratosShape();

	@Override
	public boolean recognizes(String value) {
		return value.startsWith("{") && value.contains("\"endpoints\":[");
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
		String version = metadata.remove(KratosShape.VERSION);
		GrpcEndpoint grpc = GrpcEndpoint.of(instance);
		GrpcEndpoint.undescribe(metadata);
		StringBuilder endpoints = new StringBuilder(GoJson.string(instance.getUri().toString()));
		if (grpc.port() != instance.getPort() || !grpc.host().equals(instance.getHost())) {
			endpoints.append(',')
				.append(GoJson
					.string((grpc.secure() ? "grpcs://" : "grpc://") + Address.hostAndPort(grpc.host(), grpc.port())));
		}
		return "{\"id\":%s,\"name\":%s,\"version\":%s,\"metadata\":%s,\"endpoints\":[%s]}".formatted(
				GoJson.string(String.valueOf(instance.getInstanceId())), GoJson.string(instance.getServiceId()),
				GoJson.string((version != null) ? version : ""), GoJson.object(metadata), endpoints);
	}

}
