package io.github.etcddiscovery.instance;

import java.util.List;
import java.util.Map;

import tools.jackson.databind.JsonNode;

/**
 * What Kitex writes, below {@code kitex/registry-etcd} unless told otherwise:
 * <pre class="code">
 * {"network":"tcp","address":"10.1.2.3:8888","weight":10,"tags":{"zone":"a"}}
 * </pre> The weight is the metadata that Spring Cloud LoadBalancer reads.
 */
final class KitexShape implements JsonShape {

	@Override
	public boolean fits(JsonNode json) {
		return json.has("network") && json.has("address") && !json.has("host");
	}

	@Override
	public List<EtcdServiceInstance> read(InstanceKey key, JsonNode json) {
		String network = JsonFields.requiredText(json, "network");
		if (!network.startsWith("tcp")) {
			throw new InvalidInstanceException("the network '%s' is not tcp".formatted(EscapedText.of(network)));
		}
		Map<String, String> metadata = JsonFields.metadata(json, "tags");
		if (json.path("weight").isInt()) {
			metadata.put("weight", json.path("weight").asString());
		}
		return List
			.of(Address.parse(JsonFields.requiredText(json, "address")).toInstance(key, InstanceStatus.UP, metadata));
	}

}
