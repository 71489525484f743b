package io.github.etcddiscovery.instance;

import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

import tools.jackson.databind.JsonNode;

/**
 * The format of etcd's Go client for gRPC's name resolution: <pre class="code">
 * {"Op":0,"Addr":"10.1.2.3:9000","Metadata":{"zone":"a"}}
 * </pre> The metadata may be any JSON; strings, numbers and booleans of an object are
 * used, the rest is ignored.
 */
final class GoNamingShape implements JsonShape {

	private static final int DELETE = 1;

	/**
	 * The metadata with which {@link GoNamingCodec} marks an instance that speaks TLS. It
	 * has no meaning for Go programs.
	 */
	static final String SECURE = "secure";

	/**
	 * The metadata with which {@link GoNamingCodec} marks an address that speaks only
	 * gRPC, with HTTP at another port. It has no meaning for Go programs.
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
