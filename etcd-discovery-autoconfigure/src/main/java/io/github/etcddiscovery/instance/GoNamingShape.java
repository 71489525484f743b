package io.github.etcddiscovery.instance;

import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

import tools.jackson.databind.JsonNode;

/**
 * What etcd's own Go client writes for gRPC's name resolution: <pre class="code">
 * {"Op":0,"Addr":"10.1.2.3:9000","Metadata":{"zone":"a"}}
 * </pre> The metadata may be anything; strings, numbers and booleans of an object are
 * taken over and the rest is passed over.
 */
final class GoNamingShape implements JsonShape {

	private static final int DELETE = 1;

	/**
	 * Of no meaning in Go: how {@link GoNamingCodec} says that an instance speaks TLS.
	 */
	static final String SECURE = "secure";

	/**
	 * Of no meaning in Go either: how {@link GoNamingCodec} says that the address is that
	 * of gRPC, and HTTP is spoken elsewhere.
	 */
	static final String GRPC_ONLY = "grpcOnly";

	@Override
	public boolean fits(JsonNode json) {
		return json.has("Op") && json.has("Addr");
	}

	@Override
	public List<EtcdServiceInstance> read(InstanceKey key, JsonNode json) {
		if (json.path("Op").asInt(0) == DELETE) {
			return List.of();
		}
		Address address = Address.parse(JsonFields.requiredText(json, "Addr"));
		Map<String, String> metadata = metadata(json.path("Metadata"));
		boolean secure = address.secure() || Boolean.parseBoolean(metadata.remove(SECURE));
		boolean grpcOnly = address.grpcOnly() || Boolean.parseBoolean(metadata.remove(GRPC_ONLY));
		return List.of(new Address(secure, address.host(), address.port(), grpcOnly).toInstance(key, InstanceStatus.UP,
				metadata));
	}

	private static Map<String, String> metadata(JsonNode json) {
		Map<String, String> metadata = new LinkedHashMap<>();
		json.properties().forEach((entry) -> {
			if (entry.getValue().isValueNode() && !entry.getValue().isNull()) {
				metadata.put(entry.getKey(), entry.getValue().asString());
			}
		});
		return JsonFields.limited("Metadata", metadata);
	}

}
