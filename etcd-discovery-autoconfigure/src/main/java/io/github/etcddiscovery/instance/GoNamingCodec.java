package io.github.etcddiscovery.instance;

import java.util.List;
import java.util.Map;
import java.util.TreeMap;

import org.jspecify.annotations.Nullable;
import tools.jackson.databind.node.ObjectNode;

/**
 * What etcd's own Go client reads and writes for gRPC's name resolution, byte for byte as
 * Go has it: <pre class="code">
 * {"Op":0,"Addr":"10.1.2.3:9000","Metadata":{"zone":"a"}}
 * </pre> The address is that of gRPC, if the instance has a port of its own for it. There
 * is no status: what is not {@code UP} does not stand in etcd.
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
		Map<String, String> metadata = new TreeMap<>(instance.getMetadata());
		GrpcEndpoint endpoint = GrpcEndpoint.of(instance);
		if (endpoint.secure()) {
			metadata.put(GoNamingShape.SECURE, "true");
		}
		if (instance.isGrpcOnly() || endpoint.port() != instance.getPort()
				|| !endpoint.host().equals(instance.getHost())) {
			metadata.put(GoNamingShape.GRPC_ONLY, "true");
		}
		ObjectNode json = JsonFields.MAPPER.createObjectNode();
		json.put("Op", 0);
		json.put("Addr", Address.hostAndPort(endpoint.host(), endpoint.port()));
		if (metadata.isEmpty()) {
			json.putNull("Metadata");
		}
		else {
			ObjectNode object = json.putObject("Metadata");
			metadata.forEach(object::put);
		}
		return asGo(json.toString());
	}

	/**
	 * Go escapes what HTML would take for markup, which JSON has in strings only.
	 */
	private static String asGo(String json) {
		return json.replace("&", "\\u0026").replace("<", "\\u003c").replace(">", "\\u003e");
	}

}
